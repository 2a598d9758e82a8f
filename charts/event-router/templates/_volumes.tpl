{{/*
Secrets that are mounted, as JSON: name, folder, secrets. Folders, never single files by subPath:
the kubelet replaces a folder's content when a Secret changes, and services look again by themselves.
Takes a workload.
*/}}
{{- define "event-router.mounts" -}}
{{- $v := .root.Values -}}
{{- $mounts := list -}}
{{- with include "event-router.kafka.tlsSecret" . -}}
  {{- $mounts = append $mounts (dict "name" "kafka-tls" "folder" "/etc/event-router/tls/kafka" "secrets" (list .)) -}}
{{- end -}}
{{- if and (has "registry" .parts) $v.schemaRegistry.tls.existingSecret -}}
  {{- $mounts = append $mounts (dict "name" "registry-tls" "folder" "/etc/event-router/tls/registry" "secrets" (list $v.schemaRegistry.tls.existingSecret)) -}}
{{- end -}}
{{- if and (has "database" .parts) $v.database.tls.existingSecret -}}
  {{- $mounts = append $mounts (dict "name" "database-tls" "folder" "/etc/event-router/tls/database" "secrets" (list $v.database.tls.existingSecret)) -}}
{{- end -}}
{{- if and (has "webhooks" .parts) $v.ingress.decisionTls.existingSecret -}}
  {{- $mounts = append $mounts (dict "name" "decisions-tls" "folder" "/etc/event-router/tls/decisions" "secrets" (list $v.ingress.decisionTls.existingSecret)) -}}
{{- end -}}
{{- if has "endpoints" .parts -}}
  {{- if eq $v.endpoints.store "file" -}}
    {{- $secrets := prepend $v.endpoints.furtherSecrets (include "event-router.endpoints.secret" .) -}}
    {{- $mounts = append $mounts (dict "name" "endpoints" "folder" "/etc/event-router/endpoints" "secrets" $secrets) -}}
  {{- else if $v.endpoints.tls.existingSecret -}}
    {{- $mounts = append $mounts (dict "name" "endpoints-tls" "folder" "/etc/event-router/tls/endpoints" "secrets" (list $v.endpoints.tls.existingSecret)) -}}
  {{- end -}}
{{- end -}}
{{- toJson $mounts -}}
{{- end -}}

{{/* Mode 288 is 0440 in digits that YAML 1.1 and 1.2 read alike: for root and the pod's group. */}}
{{- define "event-router.volumes" -}}
{{- range include "event-router.mounts" . | fromJsonArray -}}
- name: {{ .name }}
  projected:
    defaultMode: 288
    sources:
      {{- range .secrets }}
      - secret:
          name: {{ . | quote }}
      {{- end }}
{{ end -}}
{{- with .values.extraVolumes }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{- define "event-router.volumeMounts" -}}
{{- range include "event-router.mounts" . | fromJsonArray -}}
- name: {{ .name }}
  mountPath: {{ .folder }}
  readOnly: true
{{ end -}}
{{- with .values.extraVolumeMounts }}{{ toYaml . }}{{ end -}}
{{- end -}}
