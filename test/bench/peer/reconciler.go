package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

const (
	fieldManager   = "peer"
	hashAnnotation = "cryptosense.io/applied"
	serviceIndex   = "service"
)

var watchToPlan = prometheus.NewHistogram(prometheus.HistogramOpts{
	Name: "cryptosense_watch_to_plan_seconds",
	Help: "From the first watch event of an environment to the plan that took it into account.",
	// The same as those of the operator that it is compared with.
	Buckets: []float64{
		0.0001, 0.00025, 0.0005, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05,
		0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1, 1.5, 2.5, 5, 7.5, 10, 15, 25, 50, 75, 100, 150, 250, 500, 1000,
	},
})

// reconciler applies what is missing or was rendered otherwise, and says in the status whether all of it is ready.
type reconciler struct {
	client    client.Client
	scheme    *runtime.Scheme
	templates *templates
	// Uid of each environment whose Secrets this process has made sure of.
	secrets sync.Map
	// When the first event came that no plan has taken into account yet, by environment.
	arrivals sync.Map
}

func (r *reconciler) arrived(key types.NamespacedName) {
	r.arrivals.LoadOrStore(key, time.Now())
}

func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	arrival, hasArrived := r.arrivals.LoadAndDelete(request.NamespacedName)
	environment := &CryptoSenseEnvironment{}
	if err := r.client.Get(ctx, request.NamespacedName, environment); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if environment.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	wanted, message, err := r.plan(ctx, environment)
	if err != nil {
		return ctrl.Result{}, err
	}
	if hasArrived {
		watchToPlan.Observe(time.Since(arrival.(time.Time)).Seconds())
	}
	if err := r.createSecrets(ctx, environment); err != nil {
		return ctrl.Result{}, err
	}
	for _, one := range wanted {
		object, err := one.renderFor(environment)
		if err != nil {
			return ctrl.Result{}, err
		}
		apply := client.ApplyConfigurationFromUnstructured(object)
		if err := r.client.Apply(ctx, apply, client.FieldOwner(fieldManager), client.ForceOwnership); err != nil {
			return ctrl.Result{}, err
		}
	}
	return ctrl.Result{}, r.writeStatus(ctx, environment, message)
}

// plan is what has to be applied now, and what the environment is waiting for ("" when it is ready).
func (r *reconciler) plan(ctx context.Context, environment *CryptoSenseEnvironment) ([]template, string, error) {
	steps := []struct {
		objects []template
		message string
	}{
		{r.templates.Components, "The components are not ready."},
		{r.templates.Migration, "The migration is not complete."},
		{r.templates.Release, "The API has no ready pod."},
		{r.templates.Route, "The gateway has not accepted the route."},
	}
	var wanted []template
	for _, step := range steps {
		isReady := true
		for _, one := range step.objects {
			live := one.newObject(r.scheme)
			key := types.NamespacedName{Namespace: environment.Namespace, Name: one.nameFor(environment)}
			if err := r.client.Get(ctx, key, live); apierrors.IsNotFound(err) {
				wanted = append(wanted, one)
				isReady = false
				continue
			} else if err != nil {
				return nil, "", err
			}
			if live.GetAnnotations()[hashAnnotation] != one.hash {
				wanted = append(wanted, one)
			}
			ready, err := r.isReady(ctx, live)
			if err != nil {
				return nil, "", err
			}
			isReady = isReady && ready
		}
		if !isReady {
			return wanted, step.message, nil
		}
	}
	return wanted, "", nil
}

func (r *reconciler) isReady(ctx context.Context, live client.Object) (bool, error) {
	switch object := live.(type) {
	case *appsv1.Deployment:
		return object.Status.ReadyReplicas > 0, nil
	case *appsv1.StatefulSet:
		return object.Status.ReadyReplicas > 0, nil
	case *batchv1.Job:
		return object.Status.Succeeded > 0, nil
	case *gatewayv1.HTTPRoute:
		for _, parent := range object.Status.Parents {
			accepted := meta.FindStatusCondition(parent.Conditions, "Accepted")
			if accepted != nil && accepted.Status == metav1.ConditionTrue && accepted.ObservedGeneration == object.Generation {
				return r.haveEndpoints(ctx, object)
			}
		}
		return false, nil
	}
	return true, nil
}

// haveEndpoints looks at the Services that the route leads to.
func (r *reconciler) haveEndpoints(ctx context.Context, route *gatewayv1.HTTPRoute) (bool, error) {
	for _, rule := range route.Spec.Rules {
		for _, backend := range rule.BackendRefs {
			slices := &discoveryv1.EndpointSliceList{}
			if err := r.client.List(ctx, slices, client.InNamespace(route.Namespace),
				client.MatchingFields{serviceIndex: string(backend.Name)}); err != nil {
				return false, err
			}
			if !anyReady(slices) {
				return false, nil
			}
		}
	}
	return true, nil
}

func anyReady(slices *discoveryv1.EndpointSliceList) bool {
	for _, slice := range slices.Items {
		for _, endpoint := range slice.Endpoints {
			if endpoint.Conditions.Ready != nil && *endpoint.Conditions.Ready {
				return true
			}
		}
	}
	return false
}

func (r *reconciler) createSecrets(ctx context.Context, environment *CryptoSenseEnvironment) error {
	if uid, known := r.secrets.Load(environment.Namespace + "/" + environment.Name); known && uid == environment.UID {
		return nil
	}
	for _, template := range r.templates.Secrets {
		secret, err := template.renderFor(environment)
		if err != nil {
			return err
		}
		if err := r.client.Create(ctx, secret); err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	r.secrets.Store(environment.Namespace+"/"+environment.Name, environment.UID)
	return nil
}

// writeStatus writes only what says something new.
func (r *reconciler) writeStatus(ctx context.Context, environment *CryptoSenseEnvironment, message string) error {
	ready := metav1.Condition{
		Type: "Ready", Status: metav1.ConditionTrue, Reason: "Serving", Message: "Everything is ready.",
		ObservedGeneration: environment.Generation,
	}
	if message != "" {
		ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, "Progressing", message
	}
	changed := environment.DeepCopyObject().(*CryptoSenseEnvironment)
	isNews := meta.SetStatusCondition(&changed.Status.Conditions, ready)
	if !isNews && changed.Status.ObservedGeneration == environment.Generation {
		return nil
	}
	changed.Status.ObservedGeneration = environment.Generation
	return r.client.Status().Patch(ctx, changed, client.MergeFrom(environment), client.FieldOwner(fieldManager))
}
