"""What a pull request is judged by, and what is watched between two of them.

``changed`` says which stacks a change may change, ``comment`` what a person reads of their
previews, ``watch`` what is looked at on a schedule; ``github`` is where that is written to.
"""
