{{/*
Annotations of a pod. Each upgrade of a trial rolls whoever makes tables when it starts, since its
Postgres may have lost them. Takes a workload.
*/}}
{{- define "event-router.podAnnotations" -}}
{{- $own := dict -}}
{{- if and .root.Values.metrics.scrapeAnnotations (has "management" .parts) -}}
  {{- $own = dict "prometheus.io/scrape" "true" "prometheus.io/port" "9080" "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- if and .root.Values.dev.enabled (has "database" .parts) (has "management" .parts) -}}
  {{- $_ := set $own "trial/revision" (toString .root.Release.Revision) -}}
{{- end -}}
{{- with mergeOverwrite $own .values.podAnnotations }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* Where pods may stand. Takes a workload. */}}
{{- define "event-router.placement" -}}
{{- $workload := . -}}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with get .values "topologySpreadConstraints" }}
topologySpreadConstraints:
  {{- range . }}
  {{- /* Per template, so that pods of before a roll do not count. */}}
  {{- $own := dict "matchLabelKeys" (list "pod-template-hash") "labelSelector" (dict "matchLabels" (include "event-router.selector" $workload | fromYaml)) }}
  - {{- hasKey . "labelSelector" | ternary . (merge (deepCopy .) $own) | toYaml | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/*
Resources of a container. A trial reserves hardly any CPU, or it would not fit on a node of two cores
beside what Kubernetes itself reserves; but for what is scaled by the part of it that is used. Takes a workload.
*/}}
{{- define "event-router.resources" -}}
{{- $resources := deepCopy .values.resources -}}
{{- if and .root.Values.dev.enabled (ne (dig "autoscaling" "kind" "none" .values) "hpa") -}}
  {{- $_ := set $resources "requests" (merge (dict "cpu" "10m") (get $resources "requests" | default dict)) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{/*
Metadata and spec of a pod. Takes a workload, and besides: spec (YAML of more fields of the pod) and
container (YAML of more fields of its container).
*/}}
{{- define "event-router.pod" -}}
{{- $values := .values -}}
metadata:
  labels:
    {{- include "event-router.podLabels" . | nindent 4 }}
  {{- with include "event-router.podAnnotations" . }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- with include "event-router.pullSecrets" . }}
  {{- . | nindent 2 }}
  {{- end }}
  serviceAccountName: {{ include "event-router.serviceAccountName" . | quote }}
  automountServiceAccountToken: false
  {{- /* Services of the namespace would become variables such as KAFKA_PORT. */}}
  enableServiceLinks: false
  securityContext:
    {{- mergeOverwrite (deepCopy .root.Values.podSecurityContext) $values.podSecurityContext | toYaml | nindent 4 }}
  {{- with include "event-router.placement" . | trim }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- .spec | trim | nindent 2 }}
  containers:
    - name: {{ .target }}
      image: {{ include "event-router.ownImage" . }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext:
        {{- mergeOverwrite (deepCopy .root.Values.containerSecurityContext) $values.containerSecurityContext | toYaml | nindent 8 }}
      env:
        {{- include "event-router.environment" . | trim | nindent 8 }}
      resources:
        {{- include "event-router.resources" . | nindent 8 }}
      {{- with .container | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      {{- with include "event-router.volumeMounts" . | trim }}
      volumeMounts:
        {{- . | nindent 8 }}
      {{- end }}
  {{- with include "event-router.volumes" . | trim }}
  volumes:
    {{- . | nindent 4 }}
  {{- end }}
{{- end -}}

{{/* A service account. Takes a workload, and annotations of a hook. */}}
{{- define "event-router.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "event-router.serviceAccountName" . }}
  labels:
    {{- include "event-router.labels" . | nindent 4 }}
  {{- with mergeOverwrite (dict) .values.serviceAccount.annotations (.hook | default dict) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}

{{/*
Probes of a service. A process whose event loop stands still does not answer, so there is a time-out;
six times, since a busy one may be late for a while and to end it would only make it worse.
*/}}
{{- define "event-router.probes" -}}
startupProbe:
  httpGet: { path: /livez, port: management }
  periodSeconds: 1
  timeoutSeconds: 3
  failureThreshold: 120
livenessProbe:
  httpGet: { path: /livez, port: management }
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: { path: /readyz, port: management }
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 2
{{- end -}}
