"""A shell script that signs a request itself (TC3-HMAC-SHA256) and sends it by curl."""

from typing import Final

CURL: Final = """\
#!/bin/sh -e
# Needs curl and openssl, nothing else.
id='@SECRET_ID@'
host='@ENDPOINT@'
body='{"FromEmailAddress": "@SENDER@", "Destination": ["@TO@"],
 "Subject": "Hello",
 "Template": {"TemplateID": @TEMPLATE_ID@, "TemplateData": @QUOTED_DATA@}}'

now=$(date +%s)
day=$(date -u -d "@$now" +%F 2>/dev/null || date -u -r "$now" +%F)
type='application/json; charset=utf-8'
sha() { printf %s "$1" | openssl dgst -sha256 -r | cut -d' ' -f1; }
hmac() { printf %s "$2" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$1" -r | cut -d' ' -f1; }

request=$(printf 'POST\\n/\\n\\ncontent-type:%s\\nhost:%s\\n\\ncontent-type;host\\n%s' \\
  "$type" "$host" "$(sha "$body")")
text=$(printf 'TC3-HMAC-SHA256\\n%s\\n%s/ses/tc3_request\\n%s' "$now" "$day" "$(sha "$request")")
key=$(printf 'TC3%s' "$@KEY@" | od -An -v -tx1 | tr -d ' \\n')
key=$(hmac "$(hmac "$(hmac "$key" "$day")" ses)" tc3_request)

curl --fail-with-body -sS "@SCHEME@://$host/" -H "Host: $host" -H "Content-Type: $type" \\
  -H 'X-TC-Action: SendEmail' -H 'X-TC-Version: 2020-10-02' -H 'X-TC-Region: ap-guangzhou' \\
  -H "X-TC-Timestamp: $now" -H "Authorization: TC3-HMAC-SHA256 \\
Credential=$id/$day/ses/tc3_request, SignedHeaders=content-type;host, \\
Signature=$(hmac "$key" "$text")" --data-binary "$body"
"""
