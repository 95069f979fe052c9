package action

import (
	"container/list"
	"crypto/sha256"
	"net/http"
	"sync"
)

// keptAnswers is how many answers are kept by Idempotency-Key.
const keptAnswers = 1000

// outcome is how an action ended: an answer or a problem.
type outcome struct {
	answer     []byte
	directives []Directive
	problem    *Problem
}

// replays keeps the last answers by key, so that a request sent again does not run the action again.
type replays struct {
	mutex   sync.Mutex
	entries map[string]*list.Element
	settled list.List // the oldest first
}

type replay struct {
	key    string
	digest [sha256.Size]byte
	result *outcome // nil while the action runs
}

func newReplays() *replays {
	return &replays{entries: map[string]*list.Element{}}
}

// claim takes a key, or gives the outcome that is kept for it.
func (r *replays) claim(key string, body []byte) (*outcome, *Problem) {
	digest := sha256.Sum256(body)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	element, known := r.entries[key]
	if !known {
		r.entries[key] = &list.Element{Value: &replay{key: key, digest: digest}}
		return nil, nil
	}
	switch kept := element.Value.(*replay); {
	case kept.digest != digest:
		return nil, NewProblem(http.StatusUnprocessableEntity, "idempotency-mismatch",
			"Idempotency-Key reused with another body", "")
	case kept.result == nil:
		return nil, problem(http.StatusConflict, "The first request with this Idempotency-Key is still running.")
	default:
		return kept.result, nil
	}
}

// settle keeps an outcome. A failure of the server frees the key instead, so that a retry runs.
func (r *replays) settle(key string, result *outcome) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	kept := r.entries[key].Value.(*replay)
	if result.problem != nil && result.problem.Status >= http.StatusInternalServerError {
		delete(r.entries, key)
		return
	}
	kept.result = result
	r.entries[key] = r.settled.PushBack(kept)
	if r.settled.Len() > keptAnswers {
		oldest := r.settled.Remove(r.settled.Front()).(*replay)
		delete(r.entries, oldest.key)
	}
}
