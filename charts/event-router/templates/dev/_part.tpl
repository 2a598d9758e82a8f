{{/*
Deployment and Service of a part of a trial. Its image may write to its root, as it was made to; all
else is as Pod Security "restricted" asks. Takes root, component, image (values with registry, ...,
resources), user, group, port, folder of its data ("" for none), env (YAML), probe (YAML).
*/}}
{{- define "event-router.dev.part" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "event-router.object" . }}
  labels:
    {{- include "event-router.labels" . | nindent 4 }}
spec:
  replicas: 1
  strategy: { type: Recreate }
  selector:
    matchLabels:
      {{- include "event-router.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "event-router.selector" . | nindent 8 }}
    spec:
      {{- with include "event-router.pullSecrets" . }}
      {{- . | nindent 6 }}
      {{- end }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      securityContext:
        runAsNonRoot: true
        runAsUser: {{ .user }}
        runAsGroup: {{ .group }}
        {{- if .folder }}
        fsGroup: {{ .group }}
        {{- end }}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: {{ trimPrefix "dev-" .component }}
          image: {{ include "event-router.image" (merge (dict "root" .root) .image) }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          securityContext:
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL] }
          env:
            {{- .env | trim | nindent 12 }}
          ports:
            - { name: main, containerPort: {{ .port }}, protocol: TCP }
          startupProbe:
            {{- .probe | trim | nindent 12 }}
            periodSeconds: 2
            timeoutSeconds: 5
            failureThreshold: 120
          livenessProbe:
            {{- .probe | trim | nindent 12 }}
            periodSeconds: 20
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            {{- .probe | trim | nindent 12 }}
            periodSeconds: 5
            timeoutSeconds: 5
          resources:
            {{- toYaml .image.resources | nindent 12 }}
          {{- if .folder }}
          volumeMounts:
            - { name: data, mountPath: {{ .folder }} }
          {{- end }}
      {{- if .folder }}
      volumes:
        - { name: data, emptyDir: { sizeLimit: 4Gi } }
      {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "event-router.object" . }}
  labels:
    {{- include "event-router.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "event-router.selector" . | nindent 4 }}
  ports:
    - { name: main, port: {{ .port }}, targetPort: main, protocol: TCP }
{{- if .root.Values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "event-router.object" . }}
  labels:
    {{- include "event-router.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "event-router.selector" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app.kubernetes.io/name: {{ .root.Chart.Name }}
              app.kubernetes.io/instance: {{ .root.Release.Name }}
      ports:
        - { port: {{ .port }}, protocol: TCP }
{{- end }}
{{- end -}}
