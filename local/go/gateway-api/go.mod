module cryptosense.io/local/gateway-api

go 1.25.0

// Not built: the CRDs under config/crd/standard are read out of the module.
require sigs.k8s.io/gateway-api v1.4.0
