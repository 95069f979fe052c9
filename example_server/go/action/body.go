package action

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxDepth is how deep a body may be nested; a real turn has about ten levels.
const maxDepth = 200

// readBody takes the body as it arrived, no more than limit bytes of it.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *Problem) {
	if refused := checkMediaType(r.Header); refused != nil {
		return nil, refused
	}
	tooLarge := problem(http.StatusRequestEntityTooLarge, fmt.Sprintf("At most %d bytes.", limit))
	if r.ContentLength > limit {
		return nil, tooLarge.with("Connection", "close")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &over):
		return nil, tooLarge.with("Connection", "close")
	case err != nil:
		return nil, problem(http.StatusBadRequest, "The body did not arrive whole.")
	}
	// The time limit for reading would otherwise end the context of a long action.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	return body, nil
}

func checkMediaType(header http.Header) *Problem {
	named, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	charset := strings.ToLower(parameters["charset"])
	if err != nil || named != "application/json" || (charset != "" && charset != "utf-8" && charset != "utf8") {
		return problem(http.StatusUnsupportedMediaType, "Send application/json in UTF-8.")
	}
	if coding := header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return problem(http.StatusUnsupportedMediaType, "Send the body without Content-Encoding.")
	}
	return nil
}

// decode reads a JSON object. Numbers stay as they were written ([json.Number]), so that those beyond 2^53
// can be passed on unchanged; names of members are told apart by case, as encoding/json does not with structs.
func decode(body []byte) (map[string]any, *Problem) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, problem(http.StatusBadRequest, "The request has no body.")
	}
	// encoding/json replaces what is not UTF-8, and halves of surrogate pairs, by U+FFFD.
	if !utf8.Valid(body) {
		return nil, problem(http.StatusBadRequest, "The body is not UTF-8.")
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, problem(http.StatusBadRequest, "The body is not JSON.")
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, problem(http.StatusBadRequest, "The body is more than one JSON value.")
	}
	if hasHalfSurrogate(body) {
		return nil, problem(http.StatusBadRequest, "The body holds half of a surrogate pair.")
	}
	object, isObject := value.(map[string]any)
	if !isObject {
		return nil, problem(http.StatusBadRequest, "The body is not a JSON object.")
	}
	if detail := checkValue(value, 0); detail != "" {
		return nil, problem(http.StatusBadRequest, detail)
	}
	return object, nil
}

func checkValue(value any, depth int) string {
	if depth >= maxDepth {
		return fmt.Sprintf("The body is nested deeper than %d levels.", maxDepth)
	}
	switch value := value.(type) {
	case map[string]any:
		for _, member := range value {
			if detail := checkValue(member, depth+1); detail != "" {
				return detail
			}
		}
	case []any:
		for _, item := range value {
			if detail := checkValue(item, depth+1); detail != "" {
				return detail
			}
		}
	case json.Number:
		if number, err := value.Float64(); err != nil || math.IsInf(number, 0) {
			return "The body holds a number out of range."
		}
	}
	return ""
}

// hasHalfSurrogate looks at the escapes of a valid JSON text, in which a backslash stands in strings alone.
func hasHalfSurrogate(body []byte) bool {
	for at := 0; at < len(body); at++ {
		if body[at] != '\\' {
			continue
		}
		at++
		switch unit := escapedUnit(body[at:]); {
		case unit >= 0xDC00 && unit <= 0xDFFF:
			return true
		case unit >= 0xD800 && unit <= 0xDBFF:
			rest := body[at+5:]
			if rest[0] != '\\' {
				return true
			}
			if low := escapedUnit(rest[1:]); low < 0xDC00 || low > 0xDFFF {
				return true
			}
			at += 10
		}
	}
	return false
}

// escapedUnit gives the number of an escape such as uD83D, and 0 for others.
func escapedUnit(escape []byte) uint64 {
	if escape[0] != 'u' {
		return 0
	}
	unit, _ := strconv.ParseUint(string(escape[1:5]), 16, 16) // the text is valid JSON
	return unit
}
