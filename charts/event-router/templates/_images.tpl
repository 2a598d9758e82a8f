{{/* Reference of an image; the only place that makes one. Takes root, registry, repository, tag, digest. */}}
{{- define "event-router.image" -}}
{{- $registry := .root.Values.global.imageRegistry | default .registry -}}
{{- with $registry }}{{ trimSuffix "/" . }}/{{ end -}}
{{- .repository -}}
{{- if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end -}}
{{- end -}}

{{/* Reference of an image of ours. Takes root, target. */}}
{{- define "event-router.ownImage" -}}
{{- $image := .root.Values.image -}}
{{- include "event-router.image" (dict
  "root" .root
  "registry" $image.registry
  "repository" (printf "%s/%s" $image.repository .target)
  "tag" ($image.tag | default .root.Chart.AppVersion)
  "digest" (get $image.digests .target)
) -}}
{{- end -}}

{{/* Secrets to pull images with, each once. Takes root. */}}
{{- define "event-router.pullSecrets" -}}
{{- with concat .root.Values.global.imagePullSecrets .root.Values.imagePullSecrets | uniq -}}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end -}}
