# Sets `guarded`, the flags by which the guardrails judge $stack, by its own configuration if there is
# one. The file is named, not the folder: policies/README.md says why.
guarded=(--policy-pack policies/guardrails/guardrails)
settings=policies/guardrails/$stack.json
[[ ! -e $settings ]] || guarded+=(--policy-pack-config "$settings")
