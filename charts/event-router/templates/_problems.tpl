{{/*
What is wrong with the values taken together, one sentence each; what is wrong with a single value is
said by values.schema.json. Everything is named at once. Each part prints one problem a line.
*/}}

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

{{/* Bytes of memory in MiB, or 0 when the quantity is of another form. */}}
{{- define "event-router.mebibytes" -}}
{{- $number := regexFind "^[0-9]+" (toString .) | default "0" | int -}}
{{- if hasSuffix "Gi" (toString .) }}{{ mul $number 1024 }}{{ else if hasSuffix "Mi" (toString .) }}{{ $number }}{{ else }}0{{ end -}}
{{- end -}}

{{/* Takes a workload, and: path (of its values), beside (MiB that it needs beside its heap). */}}
{{- define "event-router.problems.memory" -}}
{{- $limit := dig "limits" "memory" "" .values.resources -}}
{{- $mebibytes := include "event-router.mebibytes" $limit | int -}}
{{- if and (gt $mebibytes 0) (lt $mebibytes (add (int .values.heapMiB) .beside | int)) }}
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

{{/* Takes root, workload. */}}
{{- define "event-router.problems.ingress" -}}
{{- $v := .values -}}
{{- $drain := add (get $v.settings "DRAIN_DELAY_MS" | default 1000 | int) (get $v.settings "DRAIN_DEADLINE_MS" | default 14000 | int) -}}
{{- /* 8 s more to close what it has open, which the service itself allows. */}}
{{- $needed := add (int $v.preStopSeconds) (div (add $drain 8999) 1000) | int -}}
{{- if lt (int $v.terminationGracePeriodSeconds) $needed }}
ingress.terminationGracePeriodSeconds is {{ int $v.terminationGracePeriodSeconds }}: preStopSeconds, DRAIN_DELAY_MS, DRAIN_DEADLINE_MS and 8 s to close its connections need {{ $needed }}.
{{- end }}
{{- if and $v.decisionTls.mutual (not $v.decisionTls.existingSecret) }}
ingress.decisionTls.existingSecret is missing: ingress.decisionTls.mutual needs a Secret with the keys {{ $v.decisionTls.certKey }} and {{ $v.decisionTls.keyKey }}.
{{- end }}
{{- if and $v.ingress.enabled (not $v.ingress.hosts) }}
ingress.ingress.hosts is missing: give the host names of the Ingress, such as --set 'ingress.ingress.hosts={hooks.example.com}'.
{{- end }}
{{- if and $v.httpRoute.enabled (not $v.httpRoute.parentRefs) }}
ingress.httpRoute.parentRefs is missing: give the Gateway that the HTTPRoute is attached to, such as --set 'ingress.httpRoute.parentRefs[0].name=public'.
{{- end }}
{{- include "event-router.problems.scaling" (merge (dict "path" "ingress") .) }}
{{- include "event-router.problems.memory" (merge (dict "path" "ingress" "beside" 192) .) }}
{{- end -}}

{{/* Takes a workload. */}}
{{- define "event-router.problems.consumer" -}}
{{- $v := .values -}}
{{- $path := printf "consumers.%s" (trimPrefix "consumer-" .component) -}}
{{- $needed := add (div (add (get $v.settings "SHUTDOWN_DEADLINE_MS" | default 15000 | int) 999) 1000) 5 | int -}}
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
{{- range $component := concat $others $consumers }}
{{- $workload := include "event-router.workload" (dict "root" $root "component" $component) | fromJson }}
{{- $_ := set $workload "root" $root }}
{{- include "event-router.problems.secrets" $workload }}
{{- if eq $component "ingress" }}{{ include "event-router.problems.ingress" $workload }}{{ end }}
{{- if has $component $consumers }}{{ include "event-router.problems.consumer" $workload }}{{ end }}
{{- end }}
{{- end -}}
