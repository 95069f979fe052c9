package coffee_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"example.com/coffee/action"
	"example.com/coffee/coffee"
)

type answer struct {
	Status     int
	Directives []struct {
		Payload any
	}
	Frame map[string]any
	Slots map[string]any
}

func (a answer) said() string {
	payload, _ := a.Directives[0].Payload.(map[string]any)
	text, _ := payload["text"].(string)
	return text
}

func play(t *testing.T, name, request string) answer {
	t.Helper()
	server := action.NewServer(action.Config{MaxBody: 1 << 20})
	coffee.Register(server)
	body := `{"action": "` + name + `", "request": ` + request + `}`
	call := httptest.NewRequest(http.MethodPost, "/action", strings.NewReader(body))
	call.Header.Set("Content-Type", "application/json")
	recorder := httptest.NewRecorder()
	server.ServeHTTP(recorder, call)
	found := answer{}
	// A problem's status is a number of its own, so the answer's is set last.
	if err := json.Unmarshal(recorder.Body.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	found.Status = recorder.Code
	return found
}

func TestAnOrderGrowsInTheFrame(t *testing.T) {
	latte := `{"type": "drink", "text": "lattes", "value": [{"cname": "latte"}]}`
	wish := `"entities": [` + latte + `, {"type": "size", "text": "large"}, {"type": "sys_number", "text": "two", "value": [{"value": 2}]},
		{"type": "milk", "text": "oat", "value": [{"cname": "oat milk"}]}]`
	first := play(t, "add_to_order", `{`+wish+`}`)
	if want := "I added 2 large lattes with oat milk. Your order has 2 items."; first.said() != want {
		t.Errorf("%q, want %q", first.said(), want)
	}
	frame, err := json.Marshal(first.Frame)
	if err != nil {
		t.Fatal(err)
	}
	second := play(t, "add_to_order", `{"frame": `+string(frame)+`, "entities": [{"type": "drink", "text": "mocha"}]}`)
	if total := second.Slots["total"]; total != "$15.45" {
		t.Error(total)
	}
	if total := play(t, "confirm_order", `{"frame": `+string(frame)+`}`).Slots["total"]; total != "$10.70" {
		t.Error(total)
	}
}

func TestWhatIsNotOnTheMenuIsNotOrdered(t *testing.T) {
	refused := play(t, "add_to_order", `{"entities": [{"type": "drink", "text": "petrol"}]}`)
	if refused.said() != "I am sorry, that is not on our menu." || len(refused.Frame) > 0 {
		t.Error(refused)
	}
}

func TestThePriceComesFromTheMenuAndNotFromTheFrame(t *testing.T) {
	frame := `{"order": {"items": [{"item": "latte", "size": "large", "price": 0.01}], "total": 0.01}}`
	if said := play(t, "price_order", `{"frame": `+frame+`}`).said(); said != "That makes $4.75." {
		t.Error(said)
	}
}

func TestOpeningHoursAreToldForTheTimeAskedAbout(t *testing.T) {
	for moment, want := range map[string]string{
		"2026-01-03T09:00:00.000-08:00": "Old Mill is open on Saturday at 09:00; that day's hours are 09:00 to 15:00.",
		"2026-01-05T17:00:00":           "Old Mill is closed on Monday at 17:00; that day's hours are 08:00 to 17:00.",
		"whenever":                      "Old Mill is open 08:00 to 17:00 on weekdays and 09:00 to 15:00 at the weekend.",
	} {
		request := `{"entities": [{"type": "store_name", "text": "mill"}, {"type": "sys_time", "text": "then", "value": [{"value": "` + moment + `"}]}]}`
		if said := play(t, "get_store_hours", request).said(); said != want {
			t.Errorf("%s: %q, want %q", moment, said, want)
		}
	}
}

func TestFailingActionsFailWithTheirStatus(t *testing.T) {
	for name, status := range map[string]int{"fail": 500, "refuse": 422, "charge_card": 422, "action_fly": 404} {
		if got := play(t, name, `{}`).Status; got != status {
			t.Errorf("%s: %d", name, got)
		}
	}
	if got := play(t, "charge_card", `{"frame": {"order": {"items": ["latte"]}}}`).Status; got != 503 {
		t.Error(got)
	}
}
