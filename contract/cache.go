package contract

import (
	"crypto/sha256"
	"sync"
)

// sum is a SHA-256 hash: nobody can find two responses with the same one.
type sum [sha256.Size]byte

// cache remembers bodies that conform, and their shapes (see shapes), so that most responses need no check.
type cache struct {
	bodies, shapes sums
}

// Known reports what an earlier check found for this body, or for one of the same shape: whether it conforms, and
// whether it may have drift. It returns false, false if there was no such check or the body did not conform.
//
// Two bodies have the same shape if the contract cannot distinguish them: they have the same properties, with values of
// the same types and formats, on the same side of every bound.
func Known(body []byte) (conforms, drifts bool) {
	d := load()
	bodySum := sha256.Sum256(body)
	if drifts, conforms = d.cache.bodies.find(bodySum); conforms {
		return conforms, drifts
	}
	shapeSum, ok := d.shapes.of(body, bodySum)
	if !ok {
		return false, false
	}
	if drifts, conforms = d.cache.shapes.find(shapeSum); conforms {
		d.cache.bodies.add(bodySum, drifts)
	}
	return conforms, drifts
}

// remember records that a body conforms, and whether it may drift.
func (d *document) remember(body []byte, drifts bool) {
	bodySum := sha256.Sum256(body)
	d.cache.bodies.add(bodySum, drifts)
	if shapeSum, ok := d.shapes.of(body, bodySum); ok {
		d.cache.shapes.add(shapeSum, drifts)
	}
}

// sums is a set of sums, each with whether the response may drift.
type sums struct {
	mutex  sync.RWMutex
	drifts map[sum]bool
}

// maxSums is the number of sums that are kept; before one more is added, all are dropped.
const maxSums = 4096

func (m *sums) find(s sum) (drifts, ok bool) {
	m.mutex.RLock()
	defer m.mutex.RUnlock()
	drifts, ok = m.drifts[s]
	return drifts, ok
}

func (m *sums) add(s sum, drifts bool) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if m.drifts == nil {
		m.drifts = map[sum]bool{}
	}
	if len(m.drifts) >= maxSums {
		clear(m.drifts)
	}
	m.drifts[s] = drifts
}
