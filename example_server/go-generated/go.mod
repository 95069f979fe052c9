module example.com/coffee-generated

go 1.22

require example.com/actions v0.0.0

// `go generate` writes it.
replace example.com/actions => ./build/stubs
