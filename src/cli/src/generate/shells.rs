//! Completions: a few lines for each shell, which ask the program itself what fits. So they know the qubes, devices
//! and ports of the moment, and never another grammar than the program's own.

use super::names;

/// For bash. A colon and an equals sign part words there, but not here.
pub(super) fn bash(prefix: &str) -> String {
    let (function, names) = (function(prefix), names(prefix).join(" "));
    format!(
        r#"# Completions of {prefix}device for bash, made by its --generate.
{function}() {{
  local line="${{COMP_LINE:0:COMP_POINT}}" cur="${{COMP_WORDS[COMP_CWORD]}}" value about strip
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  strip=${{words[${{#words[@]}}-1]}}
  if [[ $strip == *[:=]* ]]; then strip=${{strip%"${{strip##*[:=]}}"}}; else strip=""; fi
  COMPREPLY=()
  while IFS=$'\t' read -r value about; do
    if [[ $value == ":files" ]]; then
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      compopt -o filenames
      return
    fi
    COMPREPLY+=("${{value#"$strip"}}")
  done < <("${{words[0]}}" --complete "${{words[@]:1}}" 2>/dev/null)
  [[ ${{#COMPREPLY[@]}} == 1 && ${{COMPREPLY[0]}} == *[:=] ]] && compopt -o nospace
}}
complete -F {function} {names}
"#
    )
}

/// For zsh.
pub(super) fn zsh(prefix: &str) -> String {
    let (function, names) = (function(prefix), names(prefix).join(" "));
    format!(
        r#"#compdef {names}
# Completions of {prefix}device for zsh, made by its --generate.
{function}() {{
  local line
  local -a lines offers
  lines=("${{(@f)$("${{words[1]}}" --complete "${{(@Q)words[2,CURRENT]}}" 2>/dev/null)}}")
  for line in $lines; do
    [[ $line == ":files" ]] && {{ _files; return }}
    offers+=("${{${{line%%$'\t'*}}//:/\\:}}:${{line#*$'\t'}}")
  done
  (( $#offers )) && _describe -V 'word' offers
}}
{function} "$@"
"#
    )
}

/// For fish.
pub(super) fn fish(prefix: &str) -> String {
    let function = format!("_{}", function(prefix));
    let mut text = format!(
        r#"# Completions of {prefix}device for fish, made by its --generate.
function {function}
    set -l words (commandline -opc)
    set -l offers ($words[1] --complete $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$offers" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\n' $offers
    end
end
"#
    );
    for name in names(prefix) {
        text.push_str("complete -c ");
        text.push_str(&name);
        text.push_str(" -f -k -a '(");
        text.push_str(&function);
        text.push_str(")'\n");
    }
    text
}

fn function(prefix: &str) -> String {
    format!("_{}device", prefix.replace('-', "_"))
}
