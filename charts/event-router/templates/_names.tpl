{{/* First part of the names of all objects: room is left for the longest component and suffix. */}}
{{- define "event-router.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 35 | trimSuffix "-" -}}
{{- end -}}

{{/* Name of an object of a component. Takes root, component. */}}
{{- define "event-router.object" -}}
{{- printf "%s-%s" (include "event-router.fullname" .root) .component -}}
{{- end -}}

{{/*
What selects the pods of a component. A Deployment's selector can never be changed, so nothing here
depends on a version or a value. Takes root, component.
*/}}
{{- define "event-router.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object. Takes root, component. */}}
{{- define "event-router.labels" -}}
{{- $own := include "event-router.selector" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_") -}}
{{- merge $own .root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Labels of a pod: without the chart's version, which would roll pods that are the same. Takes a workload. */}}
{{- define "event-router.podLabels" -}}
{{- merge (include "event-router.selector" . | fromYaml) .values.podLabels .root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* Name of the service account of a workload. */}}
{{- define "event-router.serviceAccountName" -}}
{{- $own := .values.serviceAccount.create | ternary (include "event-router.object" .) "default" -}}
{{- .values.serviceAccount.name | default $own -}}
{{- end -}}
