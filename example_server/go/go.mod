module example.com/coffee

go 1.22
