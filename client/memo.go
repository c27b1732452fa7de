package client

import (
	"crypto/sha256"
	"sync"
)

// sum is a SHA-256: nobody finds two answers that have one.
type sum [sha256.Size]byte

// memo remembers what conforms, by its sum, and of each whether it drifts.
type memo struct {
	mutex  sync.RWMutex
	drifts map[sum]bool
}

// maxMemo is how many sums a memo keeps; with one more, it starts anew.
const maxMemo = 4096

func (m *memo) find(s sum) (drifts, ok bool) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	drifts, ok = m.drifts[s]
	return drifts, ok
}

func (m *memo) add(s sum, drifts bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.drifts == nil {
		m.drifts = map[sum]bool{}
	}
	if len(m.drifts) >= maxMemo {
		clear(m.drifts)
	}
	m.drifts[s] = drifts
}

// recollection is what is known of a body before it is checked.
type recollection struct {
	body, shape      sum
	shaped           bool // The body has a shape.
	conforms, drifts bool // As found for the same body, or another of its shape.
}

// recall looks a body up, then its shape: a poller gets the same body again and again, byte for byte.
func (k *contract) recall(body []byte) (r recollection) {
	r.body = sha256.Sum256(body)
	if r.drifts, r.conforms = k.bodies.find(r.body); r.conforms {
		return r
	}
	if r.shape, r.shaped = k.distinctions.shapeOf(body); r.shaped {
		if r.drifts, r.conforms = k.shapes.find(r.shape); r.conforms {
			k.bodies.add(r.body, r.drifts)
		}
	}
	return r
}

// remember keeps that a body conforms.
func (k *contract) remember(r recollection, drifts bool) {
	k.bodies.add(r.body, drifts)
	if r.shaped {
		k.shapes.add(r.shape, drifts)
	}
}
