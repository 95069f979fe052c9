package action

import "sync"

// running counts the requests that are being carried out, and knows when the last one has ended.
type running struct {
	mutex sync.Mutex
	count int
	idle  chan struct{} // not nil once the server is to end
}

// enter counts a request, unless the server is to end.
func (r *running) enter() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.idle != nil {
		return false
	}
	r.count++
	return true
}

func (r *running) leave() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.count--
	if r.idle != nil && r.count == 0 {
		close(r.idle)
	}
}

func (r *running) ending() bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.idle != nil
}

// end lets no further request in, and gives a channel that closes when none is left.
func (r *running) end() <-chan struct{} {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.idle == nil {
		r.idle = make(chan struct{})
		if r.count == 0 {
			close(r.idle)
		}
	}
	return r.idle
}
