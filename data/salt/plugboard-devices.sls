# Keeps the device assignments and deny lists of this machine as a file says.
#
# Write the file with `qvm-device export`, edit it, and put it into the Salt tree as plugboard/devices.toml; then
#   qubesctl state.sls plugboard-devices
# prints what it changes, and does nothing when nothing differs. A qube that can't be made so is put back as it was,
# and the state fails with the reason.

{%- set command = '/usr/bin/plugboard-device' %}
{%- if not salt['file.file_exists'](command) %}
{%- set command = '/usr/bin/qvm-device' %}
{%- endif %}

/etc/plugboard/devices.toml:
  file.managed:
    - source: salt://plugboard/devices.toml
    - mode: '0644'
    - makedirs: true

plugboard-devices:
  cmd.run:
    - name: {{ command }} apply /etc/plugboard/devices.toml
    - unless: {{ command }} apply --dry-run --quiet /etc/plugboard/devices.toml
    - require:
      - file: /etc/plugboard/devices.toml
