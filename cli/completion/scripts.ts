/** The shells that there is a script for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const BASH = `# kubectl-cryptosense completion for bash: source it, for example from ~/.bashrc
_kubectl_cryptosense() {
  local word rest
  COMPREPLY=()
  while IFS=$'\\t' read -r word rest; do
    [[ -z $word || $word == :* ]] || COMPREPLY+=("$word")
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _kubectl_cryptosense kubectl-cryptosense
`;

const ZSH = `#compdef kubectl-cryptosense
# kubectl-cryptosense completion for zsh: source it after compinit, or save it as _kubectl-cryptosense in a folder of $fpath
_kubectl_cryptosense() {
  local -a candidates
  local line
  for line in "\${(@f)$(kubectl-cryptosense __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z $line || $line == :* ]] && continue
    candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe 'cryptosense' candidates
}
if [[ $funcstack[1] == _kubectl_cryptosense ]]; then _kubectl_cryptosense "$@"; else compdef _kubectl_cryptosense kubectl-cryptosense; fi
`;

const FISH = `# kubectl-cryptosense completion for fish: save it as ~/.config/fish/completions/kubectl-cryptosense.fish
function __kubectl_cryptosense_complete
  set -l typed (commandline -opc)
  set -l partial (commandline -ct | string collect --allow-empty)
  kubectl-cryptosense __complete $typed[2..-1] "$partial" 2>/dev/null | string match -v ':*'
end
complete -c kubectl-cryptosense -f -a '(__kubectl_cryptosense_complete)'
`;

const SCRIPTS: Record<Shell, string> = { bash: BASH, zsh: ZSH, fish: FISH };

/** What a shell sources to complete `kubectl-cryptosense`. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

/** What kubectl calls to complete `kubectl cryptosense`, when it is on the PATH as `kubectl_complete-cryptosense`. */
export const KUBECTL_COMPLETION = `#!/bin/sh
exec kubectl-cryptosense __complete "$@"
`;
