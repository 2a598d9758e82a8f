{{/*
What runs, as JSON: component, target of the image, values, what it talks to (parts), and how large
Node's young generation may grow. Whoever takes it adds root. Takes root, component.
*/}}
{{- define "event-router.workload" -}}
{{- $v := .root.Values -}}
{{- $workload := dict "component" .component "target" .component "semiSpaceMiB" 2 -}}
{{- if eq .component "ingress" -}}
  {{- $_ := set $workload "semiSpaceMiB" 8 -}}
  {{- $_ := set $workload "values" $v.ingress -}}
  {{- $_ := set $workload "parts" (list "log" "kafka" "endpoints" "webhooks" "management" "tracing") -}}
{{- else if eq .component "registrar" -}}
  {{- $_ := set $workload "values" $v.registrar -}}
  {{- $_ := set $workload "parts" (list "log" "kafka" "registry" "replication") -}}
{{- else if eq .component "cli" -}}
  {{- $_ := set $workload "values" $v.cli -}}
  {{- $_ := set $workload "parts" (list "kafka" "registry" "replication" "database" "endpoints" "groups") -}}
{{- else -}}
  {{- $own := get $v.consumers (trimPrefix "consumer-" .component) -}}
  {{- $_ := set $workload "values" (mergeOverwrite (deepCopy $v.consumerDefaults) (deepCopy $own)) -}}
  {{- $_ := set $workload "parts" (list "log" "kafka" "database" "management" "tracing") -}}
{{- end -}}
{{- toJson $workload -}}
{{- end -}}

{{/* Components of the consumers that are enabled, as JSON. Takes root. */}}
{{- define "event-router.consumers" -}}
{{- $components := list -}}
{{- range $domain, $own := .root.Values.consumers -}}
  {{- if hasKey $own "enabled" | ternary $own.enabled $.root.Values.consumerDefaults.enabled -}}
    {{- $components = append $components (printf "consumer-%s" $domain) -}}
  {{- end -}}
{{- end -}}
{{- toJson $components -}}
{{- end -}}

{{/* Pods at least and at most: [least, most], as JSON. Takes a workload. */}}
{{- define "event-router.replicas" -}}
{{- $scaling := .values.autoscaling -}}
{{- if eq $scaling.kind "none" -}}
{{- toJson (list (int .values.replicaCount) (int .values.replicaCount)) -}}
{{- else -}}
{{- toJson (list (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- end -}}

{{/* Modes that a consumer serves, as JSON. Takes its workload. */}}
{{- define "event-router.modes" -}}
{{- get .values.settings "MODES" | default (list "live" "sandbox") | toJson -}}
{{- end -}}

{{/* Last part of the name of a consumer's groups. Takes its workload. */}}
{{- define "event-router.service" -}}
{{- get .values.settings "CONSUMER_SERVICE" | default "projector" -}}
{{- end -}}

{{/* Groups of all consumers, <mode>.<domain>.<service>, with commas. Takes root. */}}
{{- define "event-router.groups" -}}
{{- $groups := list -}}
{{- range $component := include "event-router.consumers" . | fromJsonArray -}}
  {{- $workload := include "event-router.workload" (dict "root" $.root "component" $component) | fromJson -}}
  {{- range $mode := include "event-router.modes" $workload | fromJsonArray -}}
    {{- $groups = append $groups (printf "%s.%s.%s" $mode (trimPrefix "consumer-" $component) (include "event-router.service" $workload)) -}}
  {{- end -}}
{{- end -}}
{{- join "," $groups -}}
{{- end -}}

{{/*
Line for the number of pods. While autoscaled it is what is there: without the line an upgrade that
turns autoscaling on would fall back to one pod. Where nothing is there, or nobody can look, the
autoscaler begins at its fewest. Takes a workload.
*/}}
{{- define "event-router.replicaCount" -}}
{{- if eq .values.autoscaling.kind "none" -}}
replicas: {{ int .values.replicaCount }}
{{- else -}}
{{- $found := lookup "apps/v1" "Deployment" .root.Release.Namespace (include "event-router.object" .) | default dict -}}
{{- with dig "spec" "replicas" 0 $found | int -}}
replicas: {{ . }}
{{- end -}}
{{- end -}}
{{- end -}}
