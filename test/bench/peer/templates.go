package main

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// What the benchmark puts where an environment's own values belong.
const (
	placeholderName      = "placeholder-name"
	placeholderNamespace = "placeholder-namespace"
	placeholderUID       = "placeholder-uid"
	placeholderPassword  = "placeholder-password"
)

// template is one object of an environment, as text with placeholders.
type template struct {
	text string
	hash string
	name string
	gvk  schema.GroupVersionKind
}

// templates are the objects of an environment in the order in which they are needed.
type templates struct {
	// Secrets are created once and neither read nor changed.
	Secrets []template
	// Components need nothing; Migration needs the database, Release a finished migration, Route ready pods.
	Components, Migration, Release, Route []template
}

func readTemplates(path string) (*templates, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var file struct {
		Secrets, Components, Migration, Release, Route []json.RawMessage
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	read := func(raw []json.RawMessage) (all []template) {
		for _, one := range raw {
			all = append(all, newTemplate(one))
		}
		return all
	}
	return &templates{
		Secrets:    read(file.Secrets),
		Components: read(file.Components),
		Migration:  read(file.Migration),
		Release:    read(file.Release),
		Route:      read(file.Route),
	}, nil
}

func newTemplate(raw json.RawMessage) template {
	var object metav1.PartialObjectMetadata
	if err := json.Unmarshal(raw, &object); err != nil {
		panic(err)
	}
	sum := sha256.Sum256(raw)
	return template{
		text: string(raw),
		hash: hex.EncodeToString(sum[:8]),
		name: object.Name,
		gvk:  object.GroupVersionKind(),
	}
}

// all leaves the Secrets out.
func (t *templates) all() (all []template) {
	for _, part := range [][]template{t.Components, t.Migration, t.Release, t.Route} {
		all = append(all, part...)
	}
	return all
}

func (t template) nameFor(environment *CryptoSenseEnvironment) string {
	return strings.ReplaceAll(t.name, placeholderName, environment.Name)
}

// renderFor is the object for an environment, with the hash by which a later look sees that it was applied.
func (t template) renderFor(environment *CryptoSenseEnvironment) (*unstructured.Unstructured, error) {
	text := strings.NewReplacer(
		placeholderNamespace, environment.Namespace,
		placeholderName, environment.Name,
		placeholderUID, string(environment.UID),
		placeholderPassword, rand24(),
	).Replace(t.text)
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal([]byte(text), &object.Object); err != nil {
		return nil, err
	}
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[hashAnnotation] = t.hash
	object.SetAnnotations(annotations)
	return object, nil
}

// newObject is an empty typed object of the template's kind, or an unstructured one where the scheme has no type.
func (t template) newObject(scheme *runtime.Scheme) client.Object {
	if typed, err := scheme.New(t.gvk); err == nil {
		return typed.(client.Object)
	}
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(t.gvk)
	return object
}

func rand24() string {
	bytes := make([]byte, 24)
	_, _ = rand.Read(bytes)
	return base64.RawURLEncoding.EncodeToString(bytes)
}
