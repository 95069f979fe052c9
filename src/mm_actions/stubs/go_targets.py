"""Go."""

from __future__ import annotations

from mm_actions.stubs.mending import Remove, Replace, Write
from mm_actions.stubs.target import PackageForm, Target

_FORM = PackageForm(words="a Go module path", pattern=r"([a-z0-9][a-z0-9.-]*/)*[a-z][a-z0-9]*")
_GO_MOD = "module <package>\n\ngo 1.22\n"

_ROUTER = """\
package <name>

import "net/http"

// A Route defines the parameters for an api endpoint
type Route struct {
	Name        string
	Method      string
	Pattern     string
	HandlerFunc http.HandlerFunc
}

// Routes is a map of defined api endpoints
type Routes map[string]Route

// Router defines the required methods for retrieving api routes
type Router interface {
	Routes() Routes
	OrderedRoutes() []Route
}

// NewRouter creates a handler for any number of api routers; another method is a 405, another path a 404.
func NewRouter(routers ...Router) http.Handler {
	mux := http.NewServeMux()
	for _, api := range routers {
		for _, route := range api.OrderedRoutes() {
			mux.Handle(route.Method+" "+route.Pattern, route.HandlerFunc)
		}
	}
	return mux
}
"""

_RESPONDER = """\
package <name>

import "encoding/json"

// MarshalJSON writes all four members, and none of them as null.
func (o Responder) MarshalJSON() ([]byte, error) {
	type plain Responder
	whole := plain(o)
	if whole.Directives == nil {
		whole.Directives = []Directive{}
	}
	if whole.Frame == nil {
		whole.Frame = map[string]interface{}{}
	}
	if whole.Slots == nil {
		whole.Slots = map[string]interface{}{}
	}
	return json.Marshal(whole)
}
"""

SERVER = Target(
    language="go-server",
    makes="Server in Go: net/http, one interface to fill in, no dependency",
    generator="go-server",
    package="example.com/actions",
    form=_FORM,
    options={
        "packageName": "<name>",
        "sourceFolder": ".",
        "onlyInterfaces": "true",
        "outputAsLibrary": "true",
        "router": "chi",
    },
    steps=(
        Replace(
            why="members that are not known are ignored",
            files=("api_actions.go",),
            pattern=r"^\td\.DisallowUnknownFields\(\)\n",
            by="",
        ),
        Replace(
            why="likewise at the top",
            files=("model_invocation.go",),
            pattern=r"^\tfor key := range allProperties \{\n(?:.*\n)*?^\t\}\n",
            by="",
        ),
        Replace(
            why="which leaves nothing to make a message of, or to compare with",
            files=("model_invocation.go",),
            pattern=r'^\t"fmt"\n|^\tallowedJsonKeys := (?:.*\n)*?^\t\}\n',
            by="",
        ),
        Replace(
            why="a member that is required and not there is a 400, as other bodies that are wrong",
            files=("error.go",),
            pattern=r"http\.StatusUnprocessableEntity",
            by="http.StatusBadRequest",
        ),
        Replace(
            why="any JSON value is an interface{}; a pointer to one says nothing more",
            files=("model_params.go", "model_entity.go", "model_directive.go"),
            pattern=r"\*interface\{\}",
            by="interface{}",
        ),
        Replace(
            why="an answer has all four members",
            files=("model_responder.go",),
            pattern=r",omitempty",
            by="",
        ),
        Write(why="and none of them is null", file="responder_json.go", text=_RESPONDER),
        Write(why="the standard library's router instead of a dependency", file="routers.go", text=_ROUTER),
        Remove(why="which would log with another dependency", files=("logger.go",)),
        Write(why="a module, since a library comes without one", file="go.mod", text=_GO_MOD),
    ),
    build=("go build ./...",),
)

CLIENT = Target(
    language="go-client",
    makes="Client in Go: net/http, with the types of the contract",
    generator="go",
    package="example.com/actions",
    form=_FORM,
    options={
        "packageName": "<name>",
        "withGoMod": "true",
        "generateInterfaces": "true",
    },
    steps=(
        Replace(
            why="the module is called as it was asked for",
            files=("go.mod",),
            pattern=r"^module .*$",
            by="module <package>",
        ),
        Replace(
            why="members that are not known are ignored",
            files=("model_*.go",),
            pattern=r"^\tdecoder\.DisallowUnknownFields\(\)\n",
            by="",
            every=False,
        ),
        Remove(why="nothing is pushed or built elsewhere", files=("git_push.sh", ".travis.yml")),
    ),
    build=("go build ./...",),
)
