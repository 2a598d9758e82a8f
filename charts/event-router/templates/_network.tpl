{{- define "event-router.network.ports" -}}
- ports:
    {{- range . }}
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
{{ end -}}

{{/* Ports that a workload has to reach; anywhere, since brokers and databases have addresses of any kind. */}}
{{- define "event-router.network.egress" -}}
{{- $v := .root.Values -}}
{{- $egress := $v.networkPolicy.egress -}}
- ports:
    {{- range $egress.dnsPorts }}
    - { port: {{ int . }}, protocol: UDP }
    - { port: {{ int . }}, protocol: TCP }
    {{- end }}
{{ $kafka := list -}}
{{- range splitList "," (include "event-router.kafka.brokers" .) -}}
  {{- $kafka = append $kafka (regexFind "[0-9]+$" .) -}}
{{- end -}}
{{- include "event-router.network.ports" ($egress.kafkaPorts | default ($kafka | uniq)) -}}
{{- if has "registry" .parts -}}
{{- include "event-router.network.ports" ($egress.registryPorts | default (list (include "event-router.portOf" (include "event-router.registry.url" .)))) -}}
{{- end -}}
{{- if or (has "database" .parts) (and (has "endpoints" .parts) (eq $v.endpoints.store "postgres")) -}}
{{- include "event-router.network.ports" ($v.dev.enabled | ternary (list 5432) $egress.databasePorts) -}}
{{- end -}}
{{- if and (has "tracing" .parts) $v.tracing.endpoint -}}
{{- include "event-router.network.ports" (list (include "event-router.portOf" $v.tracing.endpoint)) -}}
{{- end -}}
{{- if eq .component "cli" -}}
{{- include "event-router.network.ports" (list 8080) -}}
{{- end -}}
{{- $rules := eq .component "ingress" | ternary (concat $egress.rules $egress.ingressRules) $egress.rules -}}
{{- with $rules }}{{ toYaml . }}{{ end -}}
{{- end -}}

{{/* What is let into a workload's pods: nothing unless it listens. */}}
{{- define "event-router.network.ingress" -}}
{{- $policy := .root.Values.networkPolicy -}}
{{- if has "webhooks" .parts }}
- ports:
    - { port: 8080, protocol: TCP }
  {{- with $policy.http.from }}
  from:
    {{- toYaml . | nindent 4 }}
    - podSelector:
        matchLabels:
          {{- include "event-router.selector" (dict "root" $.root "component" "cli") | nindent 10 }}
  {{- end }}
{{- end }}
{{- if has "management" .parts }}
- ports:
    - { port: 9080, protocol: TCP }
  {{- with $policy.management.from }}
  from:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A NetworkPolicy. Takes a workload, and annotations of a hook. */}}
{{- define "event-router.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "event-router.object" . }}
  labels:
    {{- include "event-router.labels" . | nindent 4 }}
  {{- with .hook }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  podSelector:
    matchLabels:
      {{- include "event-router.selector" . | nindent 6 }}
  policyTypes: [Ingress{{ if .root.Values.networkPolicy.egress.enabled }}, Egress{{ end }}]
  {{- with include "event-router.network.ingress" . | trim }}
  ingress:
    {{- . | nindent 4 }}
  {{- end }}
  {{- if .root.Values.networkPolicy.egress.enabled }}
  egress:
    {{- include "event-router.network.egress" . | trim | nindent 4 }}
  {{- end }}
{{- end -}}
