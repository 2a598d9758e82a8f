{{/* A value as text: lists with commas, and large numbers in digits, which Helm holds as 6.7e+07. */}}
{{- define "event-router.environment.text" -}}
{{- if kindIs "slice" . -}}
{{- join "," . -}}
{{- else if kindIs "float64" . -}}
{{- if eq . (floor .) }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{- define "event-router.environment.secret" -}}
- name: {{ .name }}
  valueFrom:
    secretKeyRef:
      name: {{ .secret | quote }}
      key: {{ .key | quote }}
{{ end -}}

{{/* Variables of the files of a TLS connection. Takes prefix, folder, secret, tls. */}}
{{- define "event-router.environment.tls" -}}
{{- if and .secret .tls.caKey }}
- name: {{ .prefix }}_CA_FILE
  value: {{ .folder }}/{{ .tls.caKey }}
{{- end }}
{{- if .tls.mutual }}
- name: {{ .prefix }}_CERT_FILE
  value: {{ .folder }}/{{ .tls.certKey }}
- name: {{ .prefix }}_KEY_FILE
  value: {{ .folder }}/{{ .tls.keyKey }}
{{- end }}
{{ end -}}

{{- define "event-router.environment.kafka" -}}
{{- $kafka := .root.Values.kafka -}}
- name: KAFKA_BROKERS
  value: {{ include "event-router.kafka.brokers" . | quote }}
- name: TOPIC_PREFIX
  value: {{ $kafka.topicPrefix | quote }}
{{- if $kafka.tls.enabled }}
- name: KAFKA_SSL
  value: "true"
{{- include "event-router.environment.tls" (dict
  "prefix" "KAFKA_SSL"
  "folder" "/etc/event-router/tls/kafka"
  "secret" (include "event-router.kafka.tlsSecret" .)
  "tls" $kafka.tls
) }}
{{- end }}
{{- if $kafka.sasl.enabled }}
- name: KAFKA_SASL_MECHANISM
  value: {{ $kafka.sasl.mechanism }}
{{- $secret := include "event-router.kafka.saslSecret" . }}
{{ include "event-router.environment.secret" (dict "name" "KAFKA_SASL_USERNAME" "secret" $secret "key" $kafka.sasl.usernameKey) }}
{{- include "event-router.environment.secret" (dict "name" "KAFKA_SASL_PASSWORD" "secret" $secret "key" $kafka.sasl.passwordKey) }}
{{- end }}
{{ end -}}

{{- define "event-router.environment.registry" -}}
{{- $registry := .root.Values.schemaRegistry -}}
- name: SCHEMA_REGISTRY_URL
  value: {{ include "event-router.registry.url" . | quote }}
{{- with $registry.context }}
- name: SCHEMA_REGISTRY_CONTEXT
  value: {{ . | quote }}
{{- end }}
{{- include "event-router.environment.tls" (dict
  "prefix" "SCHEMA_REGISTRY"
  "folder" "/etc/event-router/tls/registry"
  "secret" $registry.tls.existingSecret
  "tls" $registry.tls
) }}
{{- with $registry.existingSecret }}
{{- if $registry.tokenKey }}
{{ include "event-router.environment.secret" (dict "name" "SCHEMA_REGISTRY_TOKEN" "secret" . "key" $registry.tokenKey) }}
{{- else }}
{{ include "event-router.environment.secret" (dict "name" "SCHEMA_REGISTRY_USERNAME" "secret" . "key" $registry.usernameKey) }}
{{- include "event-router.environment.secret" (dict "name" "SCHEMA_REGISTRY_PASSWORD" "secret" . "key" $registry.passwordKey) }}
{{- end }}
{{- end }}
{{ end -}}

{{- define "event-router.environment.endpoints" -}}
{{- $endpoints := .root.Values.endpoints -}}
- name: ENDPOINTS_STORE
  value: {{ $endpoints.store }}
{{- if eq $endpoints.store "file" }}
- name: ENDPOINTS_FILE
  value: /etc/event-router/endpoints
{{- else }}
{{ include "event-router.environment.secret" (dict "name" "ENDPOINTS_DATABASE_URL" "secret" $endpoints.existingSecret "key" $endpoints.urlKey) }}
{{- include "event-router.environment.secret" (dict "name" "ENDPOINTS_KEYS" "secret" $endpoints.existingSecret "key" $endpoints.keysKey) }}
{{- end }}
{{ end -}}

{{/* All variables of a workload, as a list. */}}
{{- define "event-router.environment" -}}
{{- $root := .root -}}
{{- $values := .values -}}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ int $values.heapMiB }} --max-semi-space-size={{ int .semiSpaceMiB }}
{{ if has "log" .parts -}}
- name: LOG_LEVEL
  value: {{ $root.Values.logLevel }}
{{ end -}}
{{ if has "kafka" .parts }}{{ include "event-router.environment.kafka" . }}{{ end -}}
{{ if has "registry" .parts }}{{ include "event-router.environment.registry" . }}{{ end -}}
{{ if and (has "replication" .parts) $root.Values.kafka.replicationFactor -}}
- name: KAFKA_REPLICATION_FACTOR
  value: {{ int $root.Values.kafka.replicationFactor | quote }}
{{ end -}}
{{ if has "database" .parts -}}
{{ include "event-router.environment.secret" (dict
  "name" "DATABASE_URL"
  "secret" (include "event-router.database.secret" .)
  "key" ($root.Values.dev.enabled | ternary "url" $root.Values.database.key)
) }}
{{- end -}}
{{ if has "endpoints" .parts }}{{ include "event-router.environment.endpoints" . }}{{ end -}}
{{ if has "webhooks" .parts -}}
- name: INGRESS_HOST
  value: {{ $root.Values.bindAddress | quote }}
- name: INGRESS_PORT
  value: "8080"
{{- include "event-router.environment.tls" (dict
  "prefix" "AUTHORIZATION"
  "folder" "/etc/event-router/tls/decisions"
  "secret" $values.decisionTls.existingSecret
  "tls" $values.decisionTls
) }}
{{- end -}}
{{ if has "management" .parts -}}
- name: MANAGEMENT_HOST
  value: {{ $root.Values.bindAddress | quote }}
- name: MANAGEMENT_PORT
  value: "9080"
{{ end -}}
{{ if and (has "tracing" .parts) $root.Values.tracing.endpoint -}}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ $root.Values.tracing.endpoint | quote }}
- name: TRACE_SAMPLE_RATIO
  value: {{ include "event-router.environment.text" $root.Values.tracing.sampleRatio | quote }}
{{ end -}}
{{ if has "groups" .parts -}}
- name: CONSUMER_GROUPS
  value: {{ include "event-router.groups" . | quote }}
{{ end -}}
{{ range $name, $value := $values.settings -}}
- name: {{ $name }}
  value: {{ include "event-router.environment.text" $value | quote }}
{{ end -}}
{{ with $values.extraEnvVars }}{{ toYaml . }}{{ end -}}
{{- end -}}
