{{/*
Annotations that make an object a hook of before each installation and upgrade; empty in a trial.
There Kafka comes with the release itself: before it nothing could be registered, and after it, as
`helm install --wait` understands after, is never, since the ingress is not ready before that. So a
trial has a Job of the release, with the revision in its name because a Job cannot be changed.
Takes root, weight, deletion (when the object goes).
*/}}
{{- define "event-router.registrar.hook" -}}
{{- if not .root.Values.dev.enabled -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ .weight | quote }}
helm.sh/hook-delete-policy: {{ .deletion }}
helm.sh/hook-output-log-policy: hook-failed
{{- end -}}
{{- end -}}
