package readmodel

// Waiting returns for how many requests somebody waits.
func (m *Model) Waiting() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}
