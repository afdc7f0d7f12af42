module example.com/hrefs

go 1.24
