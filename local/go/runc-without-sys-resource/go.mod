module cryptosense.io/local/runc-without-sys-resource

go 1.25.0
