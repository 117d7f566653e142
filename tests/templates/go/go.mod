module original

go 1.19
