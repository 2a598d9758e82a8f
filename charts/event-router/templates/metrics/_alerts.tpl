{{/*
An expression for this release: without the parts about consumers that are not installed, and asking
for figures of this namespace alone, since one Prometheus may see many releases. Empty when no part
is left. Takes root, expr.
*/}}
{{- define "event-router.alert.expression" -}}
{{- $installed := append (include "event-router.consumers" . | fromJsonArray) "ingress" -}}
{{- $parts := list -}}
{{- range splitList " or " .expr -}}
  {{- $service := regexFind "service=\"consumer-[a-z]+\"" . | trimPrefix "service=\"" | trimSuffix "\"" -}}
  {{- if or (not $service) (has $service $installed) -}}{{ $parts = append $parts . }}{{- end -}}
{{- end -}}
{{- $expr := join " or " $parts -}}
{{- with .root.Values.metrics.prometheusRule.namespaceLabel -}}
  {{- $matcher := printf "%s=\"%s\"" . $.root.Release.Namespace -}}
  {{- $metric := "\\b((?:ingress|consumer|service)_[a-z0-9_]+|final_4xx_total)" -}}
  {{- $expr = regexReplaceAll (printf "%s\\{" $metric) $expr (printf "${1}{%s," $matcher) -}}
  {{- $expr = regexReplaceAll (printf "%s([^{a-z0-9_]|$)" $metric) $expr (printf "${1}{%s}${2}" $matcher) -}}
{{- end -}}
{{- $expr -}}
{{- end -}}
