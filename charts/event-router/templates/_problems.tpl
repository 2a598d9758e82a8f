{{/*
What is wrong with the values taken together, one sentence each; what is wrong with a single value is
said by values.schema.json. Everything is named at once. Each part prints one problem a line.
*/}}

{{/* A setting that may be 0, or its default. Takes a list: settings, variable, default. */}}
{{- define "event-router.setting" -}}
{{- $settings := index . 0 -}}
{{- hasKey $settings (index . 1) | ternary (get $settings (index . 1)) (index . 2) | int64 -}}
{{- end -}}

{{/* What has to be there, or must not be in a trial. Takes root. */}}
{{- define "event-router.problems.connections" -}}
{{- $v := .root.Values -}}
{{- $asksRegistry := or $v.registrar.enabled $v.tests.enabled $v.cli.cronJob.enabled -}}
{{- if $v.dev.enabled -}}
{{- if $v.kafka.brokers }}
dev.enabled brings a Kafka of its own: take kafka.brokers away, or dev.enabled.
{{- end }}
{{- if or $v.kafka.tls.enabled $v.kafka.sasl.enabled }}
dev.enabled brings a Kafka without TLS and SASL: take kafka.tls.enabled and kafka.sasl.enabled away, or dev.enabled.
{{- end }}
{{- if $v.schemaRegistry.url }}
dev.enabled brings a registry of its own: take schemaRegistry.url away, or dev.enabled.
{{- end }}
{{- if $v.database.existingSecret }}
dev.enabled brings a Postgres of its own: take database.existingSecret away, or dev.enabled.
{{- end }}
{{- if or $v.endpoints.existingSecret (ne $v.endpoints.store "file") }}
dev.enabled brings an endpoint of its own: take endpoints.existingSecret and endpoints.store away, or dev.enabled.
{{- end }}
{{- else -}}
{{- if not $v.kafka.brokers }}
kafka.brokers is missing: give the bootstrap brokers, such as --set 'kafka.brokers={kafka-0.kafka:9092}'.
{{- end }}
{{- if and $asksRegistry (not $v.schemaRegistry.url) }}
schemaRegistry.url is missing: give the registry's base URL, such as --set schemaRegistry.url=http://registry:8081.
{{- end }}
{{- if not $v.endpoints.existingSecret }}
{{- if eq $v.endpoints.store "file" }}
endpoints.existingSecret is missing: make a Secret whose key endpoints.json holds the endpoints (`event-router endpoints export --kubernetes-secret` writes one), and give its name.
{{- else }}
endpoints.existingSecret is missing: make a Secret with the keys {{ $v.endpoints.urlKey }} (connection URL) and {{ $v.endpoints.keysKey }} (sealing keys), and give its name.
{{- end }}
{{- end }}
{{- end }}
{{- if and (eq $v.endpoints.store "postgres") $v.endpoints.furtherSecrets }}
endpoints.furtherSecrets has no effect with endpoints.store=postgres: take it away.
{{- end }}
{{- if and (eq $v.endpoints.store "file") $v.endpoints.tls.existingSecret }}
endpoints.tls.existingSecret has no effect with endpoints.store=file: take it away.
{{- end }}
{{- end -}}

{{/* Takes a workload. */}}
{{- define "event-router.problems.secrets" -}}
{{- $v := .root.Values -}}
{{- if and (has "database" .parts) (not (include "event-router.database.secret" .)) }}
database.existingSecret is missing: make a Secret whose key {{ $v.database.key }} holds the connection URL of Postgres, and give its name.
{{- end }}
{{- if and $v.kafka.sasl.enabled (not (include "event-router.kafka.saslSecret" .)) }}
kafka.sasl.existingSecret is missing: kafka.sasl.enabled needs a Secret with the keys {{ $v.kafka.sasl.usernameKey }} and {{ $v.kafka.sasl.passwordKey }}.
{{- end }}
{{- if and $v.kafka.tls.enabled $v.kafka.tls.mutual (not (include "event-router.kafka.tlsSecret" .)) }}
kafka.tls.existingSecret is missing: kafka.tls.mutual needs a Secret with the keys {{ $v.kafka.tls.certKey }} and {{ $v.kafka.tls.keyKey }}.
{{- end }}
{{- if and (not $v.kafka.tls.enabled) (or $v.kafka.tls.mutual $v.kafka.tls.existingSecret .values.kafkaSecrets.tls) }}
kafka.tls has no effect without kafka.tls.enabled: set it to true, or take the rest away.
{{- end }}
{{- if and (not $v.kafka.sasl.enabled) (or $v.kafka.sasl.existingSecret .values.kafkaSecrets.sasl) }}
kafka.sasl has no effect without kafka.sasl.enabled: set it to true, or take the rest away.
{{- end }}
{{- $names := list }}
{{- range include "event-router.environment" . | fromYamlArray }}
{{- if and (kindIs "map" .) (has .name $names) }}
{{ .name }} is set twice for the {{ $.component }}: take it out of extraEnvVars, since a value sets it.
{{- end }}
{{- if kindIs "map" . }}{{ $names = append $names .name }}{{ end }}
{{- end }}
{{- end -}}

{{/* Takes root. */}}
{{- define "event-router.problems.registry" -}}
{{- $registry := .root.Values.schemaRegistry -}}
{{- if and $registry.tls.mutual (not $registry.tls.existingSecret) }}
schemaRegistry.tls.existingSecret is missing: schemaRegistry.tls.mutual needs a Secret with the keys {{ $registry.tls.certKey }} and {{ $registry.tls.keyKey }}.
{{- end }}
{{- if and $registry.tls.existingSecret (not (hasPrefix "https://" $registry.url)) }}
schemaRegistry.tls has no effect unless schemaRegistry.url begins with https: change one of them.
{{- end }}
{{- if and $registry.tokenKey (not $registry.existingSecret) }}
schemaRegistry.existingSecret is missing: schemaRegistry.tokenKey needs a Secret with the key {{ $registry.tokenKey }}.
{{- end }}
{{- end -}}

{{/* A quantity of memory in whole MiB. */}}
{{- define "event-router.mebibytes" -}}
{{- $units := dict "m" 0.001 "k" 1000 "Ki" 1024 "M" 1000000 "Mi" 1048576 "G" 1000000000 "Gi" 1073741824 "T" 1000000000000 "Ti" 1099511627776 "P" 1000000000000000 "Pi" 1125899906842624 "E" 1000000000000000000 "Ei" 1152921504606846976 -}}
{{- $text := kindIs "string" . | ternary (toString .) (include "event-router.environment.text" .) -}}
{{- $number := regexFind "^[0-9]+([.][0-9]+)?" $text | float64 -}}
{{- $unit := regexFind "[A-Za-z]+$" $text -}}
{{- divf (mulf $number (get $units $unit | default 1)) 1048576 | floor | int64 -}}
{{- end -}}

{{/* Takes a workload, and: path (of its values), beside (MiB that it needs beside its heap). */}}
{{- define "event-router.problems.memory" -}}
{{- $limit := dig "limits" "memory" "" .values.resources -}}
{{- $needed := add (int .values.heapMiB) .beside | int -}}
{{- if and $limit (lt (include "event-router.mebibytes" $limit | int) $needed) }}
{{ .path }}.heapMiB is {{ int .values.heapMiB }} and {{ .path }}.resources.limits.memory {{ $limit }}: the limit must be at least {{ .beside }} MiB above the heap.
{{- end }}
{{- end -}}

{{/* Takes a workload, and path. */}}
{{- define "event-router.problems.scaling" -}}
{{- $scaling := .values.autoscaling -}}
{{- if and (ne $scaling.kind "none") (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) }}
{{ .path }}.autoscaling.minReplicas is {{ int $scaling.minReplicas }} and maxReplicas {{ int $scaling.maxReplicas }}: the most must not be less than the fewest.
{{- end }}
{{- end -}}

{{/* Takes the workload of the ingress. */}}
{{- define "event-router.problems.exposure" -}}
{{- $v := .values -}}
{{- $service := $v.service -}}
{{- if and $service.loadBalancerSourceRanges (ne $service.type "LoadBalancer") }}
ingress.service.loadBalancerSourceRanges has no effect with ingress.service.type={{ $service.type }}: take it away.
{{- end }}
{{- if and $service.externalTrafficPolicy (eq $service.type "ClusterIP") }}
ingress.service.externalTrafficPolicy has no effect with ingress.service.type=ClusterIP: take it away.
{{- end }}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) }}
ingress.ingress.hosts is missing: give the host names of the Ingress, such as --set 'ingress.ingress.hosts={hooks.example.com}'.
{{- end }}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) }}
ingress.httpRoute.parentRefs is missing: give the Gateway that the HTTPRoute is attached to, such as --set 'ingress.httpRoute.parentRefs[0].name=public'.
{{- end }}
{{- end -}}

{{/* Takes the workload of the ingress. */}}
{{- define "event-router.problems.budget" -}}
{{- $budget := .values.pdb -}}
{{- $least := index (include "event-router.replicas" . | fromJsonArray) 0 | int -}}
{{- $stay := $budget.minAvailable -}}
{{- $pods := kindIs "string" $stay | ternary (div (add (mul (trimSuffix "%" (toString $stay) | int) $least) 99) 100) $stay | int -}}
{{- if and $budget.enabled (gt $least 1) (ge $pods $least) }}
ingress.pdb.minAvailable is {{ $stay }} of {{ $least }} pods: none could be moved when a node is drained, so let fewer stay.
{{- end }}
{{- end -}}

{{/* Takes the workload of the ingress. */}}
{{- define "event-router.problems.ingress" -}}
{{- $v := .values -}}
{{- $drain := add (include "event-router.setting" (list $v.settings "DRAIN_DELAY_MS" 1000) | int) (include "event-router.setting" (list $v.settings "DRAIN_DEADLINE_MS" 14000) | int) -}}
{{- /* 8 s more to close what it has open, which the service itself allows. */}}
{{- $needed := add (int $v.preStopSeconds) (div (add $drain 8999) 1000) | int -}}
{{- if lt (int $v.terminationGracePeriodSeconds) $needed }}
ingress.terminationGracePeriodSeconds is {{ int $v.terminationGracePeriodSeconds }}: preStopSeconds, DRAIN_DELAY_MS, DRAIN_DEADLINE_MS and 8 s to close its connections need {{ $needed }}.
{{- end }}
{{- if and $v.decisionTls.mutual (not $v.decisionTls.existingSecret) }}
ingress.decisionTls.existingSecret is missing: ingress.decisionTls.mutual needs a Secret with the keys {{ $v.decisionTls.certKey }} and {{ $v.decisionTls.keyKey }}.
{{- end }}
{{- include "event-router.problems.budget" . }}
{{- include "event-router.problems.scaling" (merge (dict "path" "ingress") .) }}
{{- $queue := include "event-router.setting" (list $v.settings "QUEUE_MAX_BYTES" 67108864) | int64 }}
{{- $bodies := include "event-router.setting" (list $v.settings "BODIES_MAX_BYTES" 33554432) | int64 }}
{{- $beside := add 64 (div (add $queue $bodies 1048575) 1048576) | int }}
{{- include "event-router.problems.memory" (merge (dict "path" "ingress" "beside" $beside) .) }}
{{- include "event-router.problems.exposure" . }}
{{- end -}}

{{/* Takes a workload. */}}
{{- define "event-router.problems.consumer" -}}
{{- $v := .values -}}
{{- $path := printf "consumers.%s" (trimPrefix "consumer-" .component) -}}
{{- $needed := add (div (add (include "event-router.setting" (list $v.settings "SHUTDOWN_DEADLINE_MS" 15000) | int) 999) 1000) 5 | int -}}
{{- if lt (int $v.terminationGracePeriodSeconds) $needed }}
{{ $path }}.terminationGracePeriodSeconds is {{ int $v.terminationGracePeriodSeconds }}: SHUTDOWN_DEADLINE_MS and 5 s more need {{ $needed }}.
{{- end }}
{{- $most := index (include "event-router.replicas" . | fromJsonArray) 1 | int }}
{{- if gt $most 12 }}
{{ $path }} would have {{ $most }} pods: a topic has 12 partitions, and a pod beyond them would have nothing to do.
{{- end }}
{{- include "event-router.problems.scaling" (merge (dict "path" $path) .) }}
{{- include "event-router.problems.memory" (merge (dict "path" $path "beside" 96) .) }}
{{- end -}}

{{/* Takes root. */}}
{{- define "event-router.problems.metrics" -}}
{{- $metrics := .root.Values.metrics -}}
{{- if and $metrics.podMonitor.enabled $metrics.serviceMonitor.enabled }}
metrics.podMonitor.enabled and metrics.serviceMonitor.enabled would ask every pod twice: choose one of them.
{{- end }}
{{- end -}}

{{/* What is said of several components together. Takes root, components. */}}
{{- define "event-router.problems.together" -}}
{{- $v := .root.Values -}}
{{- $made := list -}}
{{- $targets := list -}}
{{- range $component := .components }}
{{- $workload := include "event-router.workload" (dict "root" $.root "component" $component) | fromJson }}
{{- $_ := set $workload "root" $.root }}
{{- $targets = append $targets $workload.target }}
{{- $account := include "event-router.serviceAccountName" $workload }}
{{- if $workload.values.serviceAccount.create }}
{{- if has $account $made }}
The service account {{ $account }} would be made by several components: set serviceAccount.create to false and make it yourself, or give each a name of its own.
{{- end }}
{{- $made = append $made $account }}
{{- end }}
{{- end }}
{{- $without := list }}
{{- range $targets }}{{ if not (get $v.image.digests .) }}{{ $without = append $without . }}{{ end }}{{ end }}
{{- if and $without (lt (len $without) (len $targets)) }}
image.digests names no digest of {{ join ", " $without }}: give those of all images that run here, or of none.
{{- end }}
{{- range $domain := list "card" "compliance" "pass" "program" "settlement" }}
{{- if not (hasKey $v.consumers $domain) }}
consumers.{{ $domain }} is null, which would take its consumer away in silence: say consumers.{{ $domain }}.enabled=false.
{{- end }}
{{- end }}
{{- if and $v.tests.enabled (not (has (printf "consumer-%s" $v.tests.domain) .components)) }}
tests.domain is {{ $v.tests.domain }}, whose consumer is not enabled: choose another one, or set tests.enabled to false.
{{- end }}
{{- if not (regexMatch "^[a-z]" (include "event-router.fullname" .root)) }}
The release's name begins with a digit, and a Service's must not: give fullnameOverride, such as --set fullnameOverride=event-router.
{{- end }}
{{- end -}}

{{/* All of it. Takes root. */}}
{{- define "event-router.problems" -}}
{{- $root := .root -}}
{{- include "event-router.problems.connections" . }}
{{- include "event-router.problems.registry" . }}
{{- include "event-router.problems.metrics" . }}
{{- $consumers := include "event-router.consumers" . | fromJsonArray }}
{{- $others := list "ingress" }}
{{- if $root.Values.registrar.enabled }}{{ $others = append $others "registrar" }}{{ end }}
{{- if or $root.Values.tests.enabled $root.Values.cli.cronJob.enabled }}{{ $others = append $others "cli" }}{{ end }}
{{- include "event-router.problems.together" (dict "root" $root "components" (concat $others $consumers)) }}
{{- range $component := concat $others $consumers }}
{{- $workload := include "event-router.workload" (dict "root" $root "component" $component) | fromJson }}
{{- $_ := set $workload "root" $root }}
{{- include "event-router.problems.secrets" $workload }}
{{- if eq $component "ingress" }}{{ include "event-router.problems.ingress" $workload }}{{ end }}
{{- if has $component (list "registrar" "cli") }}{{ include "event-router.problems.memory" (merge (dict "path" $component "beside" 96) $workload) }}{{ end }}
{{- if has $component $consumers }}{{ include "event-router.problems.consumer" $workload }}{{ end }}
{{- end }}
{{- end -}}
