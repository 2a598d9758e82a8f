{{/* Bootstrap brokers with commas. Takes root. */}}
{{- define "event-router.kafka.brokers" -}}
{{- $brokers := .root.Values.kafka.brokers -}}
{{- if .root.Values.dev.enabled -}}
{{- include "event-router.object" (dict "root" .root "component" "dev-kafka") }}:9092
{{- else -}}
{{- kindIs "slice" $brokers | ternary (join "," $brokers) $brokers -}}
{{- end -}}
{{- end -}}

{{/* Takes a workload. */}}
{{- define "event-router.kafka.saslSecret" -}}
{{- .values.kafkaSecrets.sasl | default .root.Values.kafka.sasl.existingSecret -}}
{{- end -}}

{{/* Takes a workload. */}}
{{- define "event-router.kafka.tlsSecret" -}}
{{- if .root.Values.kafka.tls.enabled -}}
{{- .values.kafkaSecrets.tls | default .root.Values.kafka.tls.existingSecret -}}
{{- end -}}
{{- end -}}

{{/* Takes root. */}}
{{- define "event-router.registry.url" -}}
{{- if .root.Values.dev.enabled -}}
http://{{ include "event-router.object" (dict "root" .root "component" "dev-registry") }}:8080/apis/ccompat/v7
{{- else -}}
{{- .root.Values.schemaRegistry.url -}}
{{- end -}}
{{- end -}}

{{/* Takes root. */}}
{{- define "event-router.database.secret" -}}
{{- if .root.Values.dev.enabled -}}
{{- include "event-router.object" (dict "root" .root "component" "dev-database") -}}
{{- else -}}
{{- .root.Values.database.existingSecret -}}
{{- end -}}
{{- end -}}

{{/* Takes root. */}}
{{- define "event-router.endpoints.secret" -}}
{{- if .root.Values.dev.enabled -}}
{{- include "event-router.object" (dict "root" .root "component" "dev-endpoints") -}}
{{- else -}}
{{- .root.Values.endpoints.existingSecret -}}
{{- end -}}
{{- end -}}

{{/* Port of a URL that may say none. */}}
{{- define "event-router.portOf" -}}
{{- $url := urlParse . -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $url.host) | default (eq $url.scheme "https" | ternary "443" "80") -}}
{{- end -}}
