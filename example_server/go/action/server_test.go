package action_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/coffee/action"
)

// served starts a server with one action, called "a".
func served(t *testing.T, handler action.Handler) *httptest.Server {
	t.Helper()
	server := action.NewServer(action.Config{MaxBody: 1 << 20})
	server.Handle(action.Info{Name: "a", Description: "Under test."}, handler)
	running := httptest.NewServer(server)
	t.Cleanup(running.Close)
	return running
}

func post(t *testing.T, url, body string, headers ...string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for index := 0; index < len(headers); index += 2 {
		request.Header.Set(headers[index], headers[index+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func TestAnAnswerHoldsWhatTheActionAdded(t *testing.T) {
	running := served(t, func(_ context.Context, request *action.Request, responder *action.Responder) error {
		responder.Reply("<" + request.Text + ">")
		responder.Listen()
		responder.Frame["seen"] = request.Frame("seen")
		responder.Params.Language = "es"
		return nil
	})
	status, answer := post(t, running.URL+"/action", `{"action": "a", "request": {"text": "hi", "frame": {"seen": 9007199254740993}},
		"responder": {"directives": [{"name": "old"}], "params": {"language": "en", "locale": "en_US", "timestamp": "15"}}}`)
	got, _ := json.Marshal(answer)
	want := `{"directives":[{"name":"reply","payload":{"text":"\u003chi\u003e"},"type":"view"},{"name":"listen","type":"action"}],` +
		`"frame":{"seen":9007199254740992},"params":{"language":"es","locale":"en_US","timestamp":15},"slots":{}}`
	if status != 200 || string(got) != want {
		t.Errorf("got %d %s\nwant %s", status, got, want)
	}
}

func TestAnIntegerBeyondAFloatIsPassedOnUnchanged(t *testing.T) {
	server := action.NewServer(action.Config{MaxBody: 1 << 20})
	server.HandleOther(func(_ context.Context, request *action.Request, responder *action.Responder) error {
		responder.Frame["n"] = request.Frame("n")
		return nil
	})
	request := httptest.NewRequest(http.MethodPost, "/action", strings.NewReader(`{"action":"a","request":{"frame":{"n":9007199254740993}}}`))
	request.Header.Set("Content-Type", "application/json")
	answer := httptest.NewRecorder()
	server.ServeHTTP(answer, request)
	if !strings.Contains(answer.Body.String(), `"n":9007199254740993`) {
		t.Error(answer.Body)
	}
}

func TestWhatGoesWrongInAnActionIsAProblem(t *testing.T) {
	tests := map[string]struct {
		handler action.Handler
		status  int
		detail  string
	}{
		"a problem is told": {func(context.Context, *action.Request, *action.Responder) error {
			return fmt.Errorf("wrapped: %w", &action.Problem{Status: 422, Detail: "No."})
		}, 422, "No."},
		"an error is kept": {func(context.Context, *action.Request, *action.Responder) error {
			return errors.New("secret")
		}, 500, "The action failed."},
		"a panic is kept": {func(context.Context, *action.Request, *action.Responder) error {
			panic("secret")
		}, 500, "The action failed."},
		"a frame that JSON cannot hold": {func(_ context.Context, _ *action.Request, responder *action.Responder) error {
			responder.Frame["n"] = math.NaN()
			return nil
		}, 500, "The action failed."},
		"a status that is none": {func(context.Context, *action.Request, *action.Responder) error {
			return &action.Problem{Status: 200, Detail: "Odd."}
		}, 500, "Odd."},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			status, answer := post(t, served(t, test.handler).URL+"/action", `{"action": "a"}`)
			if status != test.status || answer["detail"] != test.detail || answer["action"] != "a" {
				t.Errorf("got %d %v", status, answer)
			}
		})
	}
}

func TestAStreamIsSentWhileTheActionRuns(t *testing.T) {
	release := make(chan struct{})
	running := served(t, func(_ context.Context, _ *action.Request, responder *action.Responder) error {
		responder.Reply("one")
		<-release
		return &action.Problem{Status: 503, Detail: "Gone."}
	})
	response, err := http.Post(running.URL+"/action/stream", "application/json", strings.NewReader(`{"action": "a"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	first, err := lines.ReadString('\n')
	if err != nil || !strings.Contains(first, `"event":"directive"`) {
		t.Fatalf("%q %v", first, err)
	}
	close(release)
	last, _ := io.ReadAll(lines)
	if !strings.Contains(string(last), `"event":"error"`) || !strings.Contains(string(last), `"status":503`) {
		t.Errorf("%s", last)
	}
}

func TestARepeatedRequestDoesNotRunTheActionAgain(t *testing.T) {
	var runs atomic.Int32
	running := served(t, func(_ context.Context, _ *action.Request, responder *action.Responder) error {
		responder.Reply(fmt.Sprint(runs.Add(1)))
		return nil
	})
	for range 3 {
		status, answer := post(t, running.URL+"/action", `{"action": "a"}`, "Idempotency-Key", "k")
		if text := answer["directives"].([]any)[0].(map[string]any)["payload"].(map[string]any)["text"]; status != 200 || text != "1" {
			t.Errorf("%d %v", status, answer)
		}
	}
}

func TestTheOldestOfManyAnswersIsForgotten(t *testing.T) {
	var runs atomic.Int32
	server := action.NewServer(action.Config{MaxBody: 1 << 20})
	server.Handle(action.Info{Name: "a"}, func(context.Context, *action.Request, *action.Responder) error {
		runs.Add(1)
		return nil
	})
	call := func(key int) {
		request := httptest.NewRequest(http.MethodPost, "/action", strings.NewReader(`{"action":"a"}`))
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Idempotency-Key", fmt.Sprint(key))
		server.ServeHTTP(httptest.NewRecorder(), request)
	}
	for key := range 1001 {
		call(key)
	}
	call(1)
	if runs.Load() != 1001 {
		t.Errorf("the second key was forgotten: %d runs", runs.Load())
	}
	call(0)
	if runs.Load() != 1002 {
		t.Errorf("the first key was not forgotten: %d runs", runs.Load())
	}
}

func TestTheContextEndsWithTheTimeOfTheCaller(t *testing.T) {
	running := served(t, func(ctx context.Context, _ *action.Request, _ *action.Responder) error {
		if _, limited := ctx.Deadline(); !limited {
			return errors.New("no deadline")
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if status, answer := post(t, running.URL+"/action", `{"action": "a"}`, "X-MM-Timeout-Ms", "20"); status != 504 {
		t.Errorf("%d %v", status, answer)
	}
}

func TestTheContextEndsWhenTheCallerLeaves(t *testing.T) {
	ended, begun := make(chan struct{}), make(chan struct{})
	running := served(t, func(ctx context.Context, _ *action.Request, _ *action.Responder) error {
		close(begun)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	})
	ctx, leave := context.WithCancel(context.Background())
	request, _ := http.NewRequestWithContext(ctx, http.MethodPost, running.URL+"/action", strings.NewReader(`{"action": "a"}`))
	request.Header.Set("Content-Type", "application/json")
	go func() {
		<-begun
		leave()
	}()
	if _, err := http.DefaultClient.Do(request); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the action still runs")
	}
}

func TestANameIsGivenOnce(t *testing.T) {
	server := action.NewServer(action.Config{})
	nothing := func(context.Context, *action.Request, *action.Responder) error { return nil }
	server.Handle(action.Info{Name: "a"}, nothing)
	for _, name := range []string{"a", ""} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was taken", name)
				}
			}()
			server.Handle(action.Info{Name: name}, nothing)
		}()
	}
}
