package tokens

import "time"

// Age makes the last attempt to read keys long ago.
func Age(k *Keys) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.at = time.Time{}
}
