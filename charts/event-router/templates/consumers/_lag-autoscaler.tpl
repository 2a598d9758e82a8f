{{/* What KEDA calls a mechanism. */}}
{{- define "event-router.keda.mechanism" -}}
{{- eq . "plain" | ternary "plaintext" (. | replace "scram-sha-" "scram_sha") -}}
{{- end -}}

{{/* Secrets by which KEDA reaches Kafka, as a list; empty when it needs none. Takes a workload. */}}
{{- define "event-router.keda.secrets" -}}
{{- $kafka := .root.Values.kafka -}}
{{- if $kafka.sasl.enabled }}
{{- $secret := include "event-router.kafka.saslSecret" . }}
- { parameter: username, name: {{ $secret | quote }}, key: {{ $kafka.sasl.usernameKey | quote }} }
- { parameter: password, name: {{ $secret | quote }}, key: {{ $kafka.sasl.passwordKey | quote }} }
{{- end }}
{{- with include "event-router.kafka.tlsSecret" . }}
{{- if $kafka.tls.caKey }}
- { parameter: ca, name: {{ . | quote }}, key: {{ $kafka.tls.caKey | quote }} }
{{- end }}
{{- if $kafka.tls.mutual }}
- { parameter: cert, name: {{ . | quote }}, key: {{ $kafka.tls.certKey | quote }} }
- { parameter: key, name: {{ . | quote }}, key: {{ $kafka.tls.keyKey | quote }} }
{{- end }}
{{- end }}
{{- end -}}

{{/* A ScaledObject of KEDA by the lag of each mode's group, and how it reaches Kafka. Takes a workload. */}}
{{- define "event-router.lagAutoscaler" -}}
{{- $workload := . -}}
{{- $kafka := .root.Values.kafka -}}
{{- $scaling := .values.autoscaling -}}
{{- $name := include "event-router.object" . -}}
{{- $secrets := include "event-router.keda.secrets" . | trim -}}
{{- $service := include "event-router.service" . }}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ $name }}
  labels:
    {{- include "event-router.labels" . | nindent 4 }}
spec:
  scaleTargetRef:
    name: {{ $name }}
  minReplicaCount: {{ int $scaling.minReplicas }}
  maxReplicaCount: {{ int $scaling.maxReplicas }}
  pollingInterval: {{ int $scaling.pollingIntervalSeconds }}
  advanced:
    horizontalPodAutoscalerConfig:
      behavior:
        scaleDown:
          stabilizationWindowSeconds: 600
          policies:
            - { type: Pods, value: 1, periodSeconds: 120 }
  triggers:
    {{- range $mode := include "event-router.modes" . | fromJsonArray }}
    {{- $topic := printf "%s.%s.%s" $kafka.topicPrefix $mode (trimPrefix "consumer-" $workload.component) }}
    - type: kafka
      metadata:
        bootstrapServers: {{ include "event-router.kafka.brokers" $workload | quote }}
        consumerGroup: {{ printf "%s.%s" $topic $service }}
        topic: {{ $topic }}
        lagThreshold: {{ int $scaling.lagThreshold | quote }}
        offsetResetPolicy: earliest
        {{- if $kafka.sasl.enabled }}
        sasl: {{ include "event-router.keda.mechanism" $kafka.sasl.mechanism }}
        {{- end }}
        {{- if $kafka.tls.enabled }}
        tls: enable
        {{- end }}
      {{- if $secrets }}
      authenticationRef:
        name: {{ $name }}
      {{- end }}
    {{- end }}
{{- with $secrets }}
---
apiVersion: keda.sh/v1alpha1
kind: TriggerAuthentication
metadata:
  name: {{ $name }}
  labels:
    {{- include "event-router.labels" $workload | nindent 4 }}
spec:
  secretTargetRef:
    {{- . | nindent 4 }}
{{- end }}
{{- end -}}
