module cryptosense.io/local/pause

go 1.25.0
