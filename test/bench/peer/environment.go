package main

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var groupVersion = schema.GroupVersion{Group: "cryptosense.io", Version: "v1alpha1"}

// CryptoSenseEnvironment has only the fields that this operator needs: others are not kept in memory.
type CryptoSenseEnvironment struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              EnvironmentSpec   `json:"spec,omitempty"`
	Status            EnvironmentStatus `json:"status,omitempty"`
}

type EnvironmentSpec struct {
	Tier string `json:"tier,omitempty"`
}

type EnvironmentStatus struct {
	ObservedGeneration int64              `json:"observedGeneration,omitempty"`
	Conditions         []metav1.Condition `json:"conditions,omitempty"`
}

type CryptoSenseEnvironmentList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []CryptoSenseEnvironment `json:"items"`
}

func addToScheme(scheme *runtime.Scheme) {
	scheme.AddKnownTypes(groupVersion, &CryptoSenseEnvironment{}, &CryptoSenseEnvironmentList{})
	metav1.AddToGroupVersion(scheme, groupVersion)
}

func (in *CryptoSenseEnvironment) DeepCopyObject() runtime.Object {
	out := *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	out.Status.Conditions = append([]metav1.Condition(nil), in.Status.Conditions...)
	return &out
}

func (in *CryptoSenseEnvironmentList) DeepCopyObject() runtime.Object {
	out := *in
	out.Items = make([]CryptoSenseEnvironment, len(in.Items))
	for i := range in.Items {
		out.Items[i] = *in.Items[i].DeepCopyObject().(*CryptoSenseEnvironment)
	}
	return &out
}
