package store

// numberSet holds numbers exactly, in a bit each, while they lie densely enough; else it holds every number. It tells a
// restore which numbers it need not look for on disk, and a number that it holds wrongly only costs that look.
type numberSet struct {
	pages map[int64]*numberPage
	every bool
}

// numberPage has a bit for each of numbersPerPage neighbours.
type numberPage [numbersPerPage / 64]uint64

const (
	numbersPerPage = 8192
	maxPages       = 32 << 10 // 32 MiB
)

func newNumberSet() *numberSet { return &numberSet{pages: make(map[int64]*numberPage)} }

// add adds n.
func (s *numberSet) add(n int64) {
	if s.every {
		return
	}
	index, bit := n>>13, uint64(n)%numbersPerPage
	page := s.pages[index]
	if page == nil {
		if len(s.pages) == maxPages {
			s.pages, s.every = nil, true
			return
		}
		page = new(numberPage)
		s.pages[index] = page
	}
	page[bit/64] |= 1 << (bit % 64)
}

// has reports whether n may be in the set.
func (s *numberSet) has(n int64) bool {
	if s.every {
		return true
	}
	page, bit := s.pages[n>>13], uint64(n)%numbersPerPage
	return page != nil && page[bit/64]&(1<<(bit%64)) != 0
}
