{{/*
What runs, as JSON: component, target of the image, values, what it talks to (parts), and how large
Node's young generation may grow. Whoever takes it adds root. Takes root, component.
*/}}
{{- define "event-router.workload" -}}
{{- $v := .root.Values -}}
{{- $workload := dict "component" .component "target" .component "semiSpaceMiB" 2 -}}
{{- if eq .component "ingress" -}}
  {{- $_ := set $workload "semiSpaceMiB" 4 -}}
  {{- $_ := set $workload "values" $v.ingress -}}
  {{- $_ := set $workload "parts" (list "log" "kafka" "endpoints" "webhooks" "management" "tracing") -}}
{{- else if eq .component "registrar" -}}
  {{- $_ := set $workload "values" $v.registrar -}}
  {{- $_ := set $workload "parts" (list "log" "kafka" "registry" "replication") -}}
{{- else if eq .component "cli" -}}
  {{- $settings := pick $v.consumerDefaults.settings "MODES" "CONSUMER_SERVICE" -}}
  {{- $_ := set $workload "values" (merge (dict "settings" $settings) $v.cli) -}}
  {{- $_ := set $workload "parts" (list "kafka" "registry" "replication" "database" "endpoints") -}}
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
