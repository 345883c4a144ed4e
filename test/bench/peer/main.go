// Command peer is a minimal operator of CryptoSenseEnvironments with controller-runtime, to measure ours against. It
// writes the same objects by server-side apply, from templates that the benchmark takes from our charts, with the same
// number of workers, the same lease and no limit of requests a second. Its cache is what controller-runtime
// recommends: typed informers, selected by the operator's label, managedFields dropped, read without deep copies, and
// filled before it leads.
//
// What it does not do, and ours does: it reads no spec (every environment gets the same objects), so that it has no
// releases after the first, no weights, no rollback; it sees a changed template but not that somebody changed a field;
// it deletes nothing, watches no pods, writes no Events, and has one condition in the status where ours has nine.
package main

import (
	"context"
	"flag"
	"net/http"
	"os"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	managedBy        = "app.kubernetes.io/managed-by=cryptosense-operator"
	environmentLabel = "cryptosense.io/environment"
)

func main() {
	templatesPath := flag.String("templates", "", "file with the objects of an environment")
	metricsAddress := flag.String("metrics", ":8080", "address of /metrics")
	healthAddress := flag.String("health", ":8081", "address of /readyz")
	flag.Parse()
	ctrl.SetLogger(zap.New())
	if err := run(*templatesPath, *metricsAddress, *healthAddress); err != nil {
		ctrl.Log.Error(err, "ended")
		os.Exit(1)
	}
}

func run(templatesPath, metricsAddress, healthAddress string) error {
	objects, err := readTemplates(templatesPath)
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, gatewayv1.Install} {
		if err := add(scheme); err != nil {
			return err
		}
	}
	addToScheme(scheme)
	metrics.Registry.MustRegister(watchToPlan)

	owned := ownedTypes(objects, scheme)
	selector, err := labels.Parse(managedBy)
	if err != nil {
		return err
	}
	byObject := map[client.Object]cache.ByObject{}
	for _, object := range owned {
		byObject[object] = cache.ByObject{Label: selector}
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	config.QPS = -1
	shared := true
	manager, err := ctrl.NewManager(config, ctrl.Options{
		Scheme: scheme,
		Cache: cache.Options{
			ByObject:                     byObject,
			DefaultTransform:             cache.TransformStripManagedFields(),
			DefaultUnsafeDisableDeepCopy: &shared,
		},
		// Unstructured objects, too, come out of the cache: there is one where the scheme has no type.
		Client:                        client.Options{Cache: &client.CacheOptions{Unstructured: true}},
		Metrics:                       metricsserver.Options{BindAddress: metricsAddress},
		HealthProbeBindAddress:        healthAddress,
		LeaderElection:                true,
		LeaderElectionID:              "cryptosense-peer",
		LeaderElectionNamespace:       "default",
		LeaderElectionReleaseOnCancel: true,
	})
	if err != nil {
		return err
	}
	index := func(object client.Object) []string {
		return []string{object.GetLabels()[discoveryv1.LabelServiceName]}
	}
	ctx := ctrl.SetupSignalHandler()
	if err := manager.GetFieldIndexer().IndexField(ctx, &discoveryv1.EndpointSlice{}, serviceIndex, index); err != nil {
		return err
	}
	if err := addController(manager, objects, owned); err != nil {
		return err
	}
	synced := func(request *http.Request) error {
		if !manager.GetCache().WaitForCacheSync(request.Context()) {
			return request.Context().Err()
		}
		return nil
	}
	if err := manager.AddReadyzCheck("caches", healthz.Checker(synced)); err != nil {
		return err
	}
	return manager.Start(ctx)
}

func addController(manager ctrl.Manager, objects *templates, owned []client.Object) error {
	r := &reconciler{client: manager.GetClient(), scheme: manager.GetScheme(), templates: objects}
	enqueue := func(key types.NamespacedName) []reconcile.Request {
		r.arrived(key)
		return []reconcile.Request{{NamespacedName: key}}
	}
	byName := func(_ context.Context, object client.Object) []reconcile.Request {
		return enqueue(client.ObjectKeyFromObject(object))
	}
	byLabel := func(_ context.Context, object client.Object) []reconcile.Request {
		name, ok := object.GetLabels()[environmentLabel]
		if !ok {
			return nil
		}
		return enqueue(types.NamespacedName{Namespace: object.GetNamespace(), Name: name})
	}
	warm := true
	builder := ctrl.NewControllerManagedBy(manager).
		Named("cryptosenseenvironment").
		WithOptions(controller.Options{MaxConcurrentReconciles: 4, EnableWarmup: &warm}).
		Watches(&CryptoSenseEnvironment{}, handler.EnqueueRequestsFromMapFunc(byName))
	for _, object := range owned {
		builder = builder.Watches(object, handler.EnqueueRequestsFromMapFunc(byLabel))
	}
	return builder.Complete(r)
}

// ownedTypes are one empty object of every kind in the templates, and EndpointSlices, which tell of ready pods.
func ownedTypes(objects *templates, scheme *runtime.Scheme) []client.Object {
	seen := map[schema.GroupVersionKind]bool{}
	types := []client.Object{&discoveryv1.EndpointSlice{}}
	for _, one := range objects.all() {
		if !seen[one.gvk] {
			seen[one.gvk] = true
			types = append(types, one.newObject(scheme))
		}
	}
	return types
}
