#!/usr/bin/env bash
# Makes signatures.json: known answers for QairoPay's signature (HMAC-SHA256 over `<t>.<body>`),
# worked out by programs that are not ours. Each vector says which of them made it. No input is
# random, so that a second run changes nothing but the versions of the tools.
#
#   test/vectors/make-signatures.sh > test/vectors/signatures.json
set -euo pipefail

body=$(mktemp)
trap 'rm -f "$body"' EXIT

# The body of a vector: its bytes, so many times.
write_body() { # encoding, text, times
  local i
  for ((i = 0; i < $3; i += 1)); do
    case $1 in
      text) printf '%s' "$2" ;;
      hex) printf '%s' "$2" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' ;;
      base64) printf '%s' "$2" | openssl base64 -d -A ;;
    esac
  done >"$body"
}

digest() { # tool, secret, t
  case $1 in
    openssl)
      { printf '%s.' "$3"; cat "$body"; } | openssl dgst -sha256 -hmac "$2" -r | cut -d ' ' -f 1
      ;;
    python3)
      python3 - "$2" "$3" "$body" <<'PYTHON'
import hashlib, hmac, sys
secret, t, path = sys.argv[1:]
signed = t.encode() + b"." + open(path, "rb").read()
print(hmac.new(secret.encode("utf-8"), signed, hashlib.sha256).hexdigest())
PYTHON
      ;;
  esac
}

vector() { # tool, name, secret, t, encoding, body, times
  write_body "$5" "$6" "$7"
  python3 - "$@" "$(digest "$1" "$3" "$4")" <<'PYTHON'
import json, sys
tool, name, secret, t, encoding, body, times, digest = sys.argv[1:]
print(json.dumps({
    "name": name, "made_with": tool, "secret": secret, "t": t,
    "body": {"encoding": encoding, "text": body, "times": int(times)}, "v1": digest,
}, ensure_ascii=False))
PYTHON
}

event='{"id":"evt_01HZX","type":"pass.installed","created":"2026-05-19T10:14:22.184Z","tenant_id":"tnt_01HZX","live_mode":false,"api_version":"2026-05-19","data":{"pass":{"id":"pass_01HZX","platform":"apple"}},"previous_attributes":null}'
long_secret=$(printf 'k%.0s' {1..200})

vectors() {
  vector openssl 'a plain event' whsec_plain 1779185662 text "$event" 1
  vector python3 'a plain event' whsec_other 1779185662 text "$event" 1
  vector openssl 'an empty body' whsec_plain 1779185662 text '' 1
  vector python3 'an empty body' whsec_plain 1779185663 text '' 1
  vector openssl 'a time of zero' whsec_plain 0 text "$event" 1
  vector python3 'a time of twelve digits' whsec_plain 999999999999 text "$event" 1
  vector openssl 'a secret in UTF-8' 'geheim-äöü-ß' 1779185662 text "$event" 1
  vector python3 'a secret in UTF-8 beyond the first plane' '秘密🔑' 1779185662 text "$event" 1
  vector openssl 'a secret that looks like base64' 'whsec_bm90IGEgc2VjcmV0IGF0IGFsbA==' 1779185662 text '{}' 1
  vector python3 'a secret with spaces at both ends' ' spaced out ' 1779185662 text '{}' 1
  vector openssl 'a secret of 63 bytes' "${long_secret:0:63}" 1779185662 text '{}' 1
  vector python3 'a secret of 64 bytes, the block of SHA-256' "${long_secret:0:64}" 1779185662 text '{}' 1
  vector openssl 'a secret of 65 bytes, which is hashed first' "${long_secret:0:65}" 1779185662 text '{}' 1
  vector python3 'a secret of 200 bytes' "$long_secret" 1779185662 text '{}' 1
  vector openssl 'a secret of one byte' x 1779185662 text '{}' 1
  vector python3 'text beyond ASCII' whsec_plain 1779185662 text '{"name":"Zoë 🎫 日本"}' 1
  vector openssl 'a byte order mark and line ends' whsec_plain 1779185662 hex efbbbf7b0d0a7d0d0a 1
  vector python3 'bytes that are no UTF-8' whsec_plain 1779185662 hex fffe00c328eda080 1
  vector openssl 'zero bytes' whsec_plain 1779185662 hex 0000000000 1
  vector python3 'every byte twice' whsec_plain 1779185662 base64 \
    AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w== 2
  vector openssl 'a body that begins like a signed string' whsec_plain 1779185662 text '1779185662.{}' 1
  vector python3 'a body of a full stop' whsec_plain 1779185662 text . 1
  vector openssl 'a long body' whsec_plain 1779185662 text 'QairoPay ' 4000
  vector python3 'a body of 64 KiB' whsec_plain 1779185662 text 0123456789abcdef 4096
  vector openssl 'a body of 64 bytes' whsec_plain 1779185662 text 'x' 64
}

python3 - "$(openssl version | cut -d ' ' -f 1,2)" "$(python3 --version)" "$(vectors)" <<'PYTHON'
import json, sys
openssl, python3, lines = sys.argv[1:]
print(json.dumps({
    "tools": {"openssl": openssl, "python3": python3},
    "vectors": [json.loads(line) for line in lines.splitlines()],
}, ensure_ascii=False, indent=2))
PYTHON
