module cryptosense.io/local/prometheus-operator

go 1.25.0

// Not built: the CRD of ServiceMonitors is read out of the module.
require github.com/prometheus-operator/prometheus-operator v0.85.0
