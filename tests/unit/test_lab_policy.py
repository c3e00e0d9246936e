from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.aws.judgement.policy import (
    Decision,
    Request,
    UnknownPolicyElement,
    evaluate_identity,
    parse_identity_policy,
)

Body = dict[str, Any]

ACCOUNT = "123456789012"
USERS = f"arn:aws:iam::{ACCOUNT}:user/vault/dev-root-aws/"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/dev-root-aws/vault-aws-secrets-1"


def policy(*statements: Body, version: str | None = "2012-10-17") -> Body:
    return {"Statement": list(statements)} | ({"Version": version} if version else {})


def statement(
    effect: str = "Allow", action: object = "iam:*", resource: object = "*", **more: object
) -> Body:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def ask(
    action: str = "iam:GetUser", resource: str = f"{USERS}bob", **context: tuple[str, ...]
) -> Request:
    return Request(
        action=action,
        resource=resource,
        context={key.replace("_", ":", 1): values for key, values in context.items()},
        principal=SESSION,
        principal_account=ACCOUNT,
    )


def decide(request: Request, *statements: Body, version: str | None = "2012-10-17") -> Decision:
    return evaluate_identity(request, [("inline policy p", policy(*statements, version=version))])


# Identity-based policies: the elements.


@pytest.mark.parametrize(
    ("element", "patterns", "expected"),
    [
        ("Action", "iam:GetUser", True),
        ("Action", "IAM:getuser", True),
        ("Action", "iam:Get*", True),
        ("Action", "iam:?etUser", True),
        ("Action", "iam:*", True),
        ("Action", "*", True),
        ("Action", ["iam:CreateUser", "iam:GetUser"], True),
        ("Action", "iam:GetUse", False),
        ("Action", "iam:GetUserPolicy", False),
        ("Action", "sts:*", False),
        ("NotAction", "iam:GetUser", False),
        ("NotAction", "IAM:GET*", False),
        ("NotAction", "iam:CreateUser", True),
        ("NotAction", ["iam:CreateUser", "iam:GetUser"], False),
    ],
)
def test_actions_match_without_case_and_with_wildcards(
    element: str, patterns: object, *, expected: bool
) -> None:
    body = {"Effect": "Allow", element: patterns, "Resource": "*"}
    assert decide(ask(), body).allowed is expected


@pytest.mark.parametrize(
    ("element", "patterns", "expected"),
    [
        ("Resource", f"{USERS}bob", True),
        ("Resource", f"{USERS}*", True),
        ("Resource", f"{USERS}b?b", True),
        ("Resource", f"{USERS}BOB", False),
        ("Resource", f"{USERS}bo", False),
        ("Resource", f"arn:aws:iam::{ACCOUNT}:user/bob", False),
        ("Resource", f"arn:aws:iam::{ACCOUNT}:user/*", True),
        ("Resource", "arn:aws:iam::*:user/vault/*", True),
        ("Resource", f"arn:aws-us-gov:iam::{ACCOUNT}:user/*", False),
        ("Resource", [f"{USERS}alice", f"{USERS}bob"], True),
        ("Resource", f"{USERS}${{aws:username}}", True),
        ("Resource", f"{USERS}${{aws:userid}}", False),
        ("Resource", f"{USERS}${{aws:userid, 'bob'}}", True),
        ("NotResource", f"{USERS}bob", False),
        ("NotResource", f"{USERS}alice", True),
        ("NotResource", [f"{USERS}alice", f"{USERS}*"], False),
        ("NotResource", f"{USERS}${{aws:userid}}", True),
    ],
)
def test_resources_match_with_case_wildcards_and_variables(
    element: str, patterns: object, *, expected: bool
) -> None:
    body = {"Effect": "Allow", "Action": "iam:*", element: patterns}
    assert decide(ask(aws_username=("bob",)), body).allowed is expected


def test_an_action_without_resources_is_allowed_on_the_wildcard_alone() -> None:
    request = ask("iam:ListUsers", "*")
    assert decide(request, statement(resource="*")).allowed
    assert not decide(request, statement(resource="arn:aws:iam::*:user/*")).allowed


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_before_2012_a_variable_in_a_resource_is_only_text(version: str | None) -> None:
    body = statement(resource=f"{USERS}${{aws:username}}")
    assert not decide(ask(aws_username=("bob",)), body, version=version).allowed
    literal = ask(resource=f"{USERS}${{aws:username}}", aws_username=("bob",))
    assert decide(literal, body, version=version).allowed


def test_a_condition_narrows_the_statement_it_stands_in() -> None:
    body = statement(Condition={"StringEquals": {"iam:PermissionsBoundary": "b"}})
    assert decide(ask(iam_PermissionsBoundary=("b",)), body).allowed
    assert decide(ask(IAM_permissionsboundary=("b",)), body).allowed
    assert not decide(ask(iam_PermissionsBoundary=("c",)), body).allowed
    assert not decide(ask(), body).allowed


def test_a_single_statement_needs_no_list() -> None:
    assert evaluate_identity(ask(), [("p", {"Statement": statement()})]).allowed


# Identity-based policies: how they are put together.

ALLOW, DENY, OTHER = (
    policy(statement()),
    policy(statement("Deny")),
    policy(statement(action="s3:*")),
)


@pytest.mark.parametrize(
    ("identity", "boundary", "session", "allowed", "denied"),
    [
        ([ALLOW], None, [], True, False),
        ([], None, [], False, False),
        ([OTHER], None, [], False, False),
        ([OTHER, ALLOW], None, [], True, False),
        ([ALLOW, DENY], None, [], False, True),
        ([DENY, ALLOW], None, [], False, True),
        ([ALLOW], ALLOW, [], True, False),
        ([ALLOW], OTHER, [], False, False),
        ([ALLOW], DENY, [], False, True),
        ([OTHER], ALLOW, [], False, False),
        ([], ALLOW, [ALLOW], False, False),
        ([ALLOW], None, [ALLOW], True, False),
        ([ALLOW], None, [OTHER], False, False),
        ([ALLOW], None, [OTHER, ALLOW], True, False),
        ([ALLOW], None, [ALLOW, DENY], False, True),
        ([ALLOW], ALLOW, [ALLOW], True, False),
        ([ALLOW], OTHER, [ALLOW], False, False),
        ([ALLOW], ALLOW, [OTHER], False, False),
        ([OTHER], OTHER, [DENY], False, True),
    ],
)
def test_every_kind_of_policy_that_is_present_must_allow_and_none_deny(
    identity: list[Body], boundary: Body | None, session: list[Body], *, allowed: bool, denied: bool
) -> None:
    decision = evaluate_identity(
        ask(),
        [(f"policy {number}", document) for number, document in enumerate(identity)],
        boundary=boundary,
        session_policies=[("session", document) for document in session],
    )
    assert (decision.allowed, decision.explicit_deny) == (allowed, denied)


@pytest.mark.parametrize(
    ("options", "rule", "kind"),
    [
        ({}, "allowed by inline policy issue, statement CreateUsers", ""),
        (
            {"boundary": OTHER},
            "no permissions boundary allows iam:CreateUser",
            "permissions boundary",
        ),
        (
            {"session_policies": [("the session's policy", OTHER)]},
            "no session policy allows iam:CreateUser",
            "session policy",
        ),
        (
            {"session_policies": [("the session's policy", DENY)]},
            "explicitly denied by the session's policy, statement 1",
            "session policy",
        ),
        (
            {"boundary": DENY},
            "explicitly denied by the permissions boundary, statement 1",
            "permissions boundary",
        ),
    ],
)
def test_the_rule_names_the_statement_or_the_kind_of_policy_that_decided(
    options: Body, rule: str, kind: str
) -> None:
    document = policy(
        statement(action="iam:GetUser"), statement(action="iam:CreateUser", Sid="CreateUsers")
    )
    decision = evaluate_identity(
        ask("iam:CreateUser"), [("inline policy issue", document)], **options
    )
    assert (decision.rule, decision.kind) == (rule, kind)


@pytest.mark.parametrize(
    ("body", "nearest"),
    [
        (statement(action="iam:GetUser"), ""),
        (statement("Deny", resource="arn:aws:iam::1:user/x"), ""),
        (
            statement(resource=f"{USERS}*"),
            f" (inline policy p, statement 1, is not about arn:aws:iam::{ACCOUNT}:user/x)",
        ),
        (
            statement(Condition={"Bool": {"aws:SecureTransport": "false"}}, Sid="Open"),
            " (inline policy p, statement Open, requires Bool on aws:SecureTransport)",
        ),
    ],
)
def test_a_refusal_names_the_statement_that_came_nearest(body: Body, nearest: str) -> None:
    decision = decide(ask("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/x"), body)
    assert decision.rule == f"no identity-based policy allows iam:CreateUser{nearest}"
    assert decision.kind == "identity-based policy"


ACTIONS = st.sampled_from(["iam:GetUser", "iam:CreateUser", "iam:Get*", "iam:*", "*", "s3:Put?"])
RESOURCES = st.sampled_from(["*", f"{USERS}*", f"{USERS}bob", "arn:aws:s3:::bucket/*"])
CONDITIONS = st.sampled_from(
    [
        {},
        {"StringEquals": {"aws:username": "bob"}},
        {"StringNotEquals": {"aws:username": "bob"}},
        {"Null": {"aws:username": "true"}},
    ]
)


@st.composite
def statements(draw: st.DrawFn, effect: str | None = None) -> Body:
    body: Body = {"Effect": effect or draw(st.sampled_from(["Allow", "Deny"]))}
    body["Action"] = draw(st.lists(ACTIONS, min_size=1, max_size=3))
    resource = "Resource" if draw(st.booleans()) else "NotResource"
    body[resource] = draw(st.lists(RESOURCES, min_size=1, max_size=3))
    return body | {"Condition": draw(CONDITIONS)}


REQUESTS = st.builds(
    ask,
    action=st.sampled_from(["iam:GetUser", "iam:CreateUser", "s3:PutObject"]),
    resource=st.sampled_from([f"{USERS}bob", f"{USERS}alice", "*"]),
    aws_username=st.sampled_from([(), ("bob",), ("alice",)]),
)


@given(request=REQUESTS, bodies=st.lists(statements(), max_size=6), position=st.integers(0, 6))
def test_a_deny_that_applies_wins_wherever_it_stands(
    request: Request, bodies: list[Body], position: int
) -> None:
    bodies.insert(position, statement("Deny", "*"))
    decision = decide(request, *bodies)
    assert not decision.allowed
    assert decision.explicit_deny


@given(
    request=REQUESTS,
    bodies=st.lists(statements(), min_size=1, max_size=6),
    added=statements("Allow"),
)
def test_another_allow_never_revokes(request: Request, bodies: list[Body], added: Body) -> None:
    if decide(request, *bodies).allowed:
        assert decide(request, *bodies, added).allowed


@given(
    request=REQUESTS,
    bodies=st.lists(statements(), min_size=1, max_size=6),
    added=statements("Deny"),
)
def test_another_deny_never_grants(request: Request, bodies: list[Body], added: Body) -> None:
    if not decide(request, *bodies).allowed:
        assert not decide(request, *bodies, added).allowed


@given(
    request=REQUESTS,
    bodies=st.lists(statements(), min_size=1, max_size=6),
    limits=st.lists(statements(), min_size=1, max_size=3),
)
def test_a_boundary_and_a_session_policy_only_ever_take_away(
    request: Request, bodies: list[Body], limits: list[Body]
) -> None:
    identity, limit = [("p", policy(*bodies))], policy(*limits)
    unlimited = evaluate_identity(request, identity).allowed
    by_boundary = evaluate_identity(request, identity, boundary=limit).allowed
    by_session = evaluate_identity(request, identity, session_policies=[("s", limit)]).allowed
    assert by_boundary is by_session
    assert by_boundary is (unlimited and decide(request, *limits).allowed)


@given(request=REQUESTS, bodies=st.lists(statements(), min_size=2, max_size=6), data=st.data())
def test_the_order_of_statements_and_policies_does_not_matter(
    request: Request, bodies: list[Body], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(bodies))
    apart = [(f"policy {number}", policy(body)) for number, body in enumerate(shuffled)]
    together, spread = decide(request, *bodies), evaluate_identity(request, apart)
    assert (together.allowed, together.explicit_deny) == (spread.allowed, spread.explicit_deny)


@given(request=REQUESTS, bodies=st.lists(statements("Deny"), max_size=4))
def test_what_nothing_allows_is_refused(request: Request, bodies: list[Body]) -> None:
    documents = [("p", policy(*bodies))] if bodies else []
    assert not evaluate_identity(request, documents).allowed


# What an identity-based policy may not hold.


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "JSON object"),
        ("text", "JSON object"),
        ({}, "needs a Statement"),
        ({"Statement": []}, "needs a Statement"),
        ({"Statement": "text"}, "needs a Statement"),
        ({"Statement": ["text"]}, "statement 1 must be a JSON object"),
        ({"Statement": statement(), "Extra": 1}, "has Extra; understood are Id, Statement"),
        ({"Statement": statement(), "Version": "2025-01-01"}, "not '2025-01-01'"),
        (policy(statement(effect="allow")), "Effect is Allow or Deny, not 'allow'"),
        (policy({"Action": "*", "Resource": "*"}), "Effect is Allow or Deny, not None"),
        (policy(statement(Principal="*")), "statement 1 has Principal"),
        (policy(statement(NotPrincipal={"AWS": ACCOUNT})), "statement 1 has NotPrincipal"),
        (policy(statement(Sid="Odd", Actions="*")), "statement Odd has Actions"),
        (policy(statement(NotAction="*")), "either Action or NotAction"),
        (policy({"Effect": "Allow", "Resource": "*"}), "either Action or NotAction"),
        (policy(statement(NotResource="*")), "either Resource or NotResource"),
        (policy({"Effect": "Allow", "Action": "*"}), "either Resource or NotResource"),
        (policy(statement(action=[])), "Action is a text or a list of texts"),
        (policy(statement(action=[1])), "Action is a text or a list of texts"),
        (policy(statement(action="GetUser")), r"\* or service:action, not 'GetUser'"),
        (policy(statement(action="*:GetUser")), r"\* or service:action"),
        (policy(statement(resource=[])), "Resource is a text or a list of texts"),
        (policy(statement(resource="user/bob")), r"\* or an ARN, not 'user/bob'"),
        (policy(statement(resource="arn:aws:iam::${aws:userid}:user/x")), "fifth colon"),
        (policy(statement(resource="arn:aws:iam::1:user/${aws:nonsense}")), "unknown policy var"),
        (policy(statement(resource="arn:aws:iam::1:user/${")), "without a closing brace"),
        (policy(statement(Condition={"StringIs": {"a:b": "c"}})), "unknown condition operator"),
        (policy(statement(Condition=[])), "JSON object"),
    ],
)
def test_what_an_identity_based_policy_may_not_hold_is_refused_loudly(
    document: Any,  # noqa: ANN401 - also what no caller with types would pass
    message: str,
) -> None:
    with pytest.raises(UnknownPolicyElement, match=message):
        parse_identity_policy(document)
    with pytest.raises(UnknownPolicyElement, match=f"managed policy m: .*{message}"):
        evaluate_identity(ask(), [("p", ALLOW), ("managed policy m", document)])


def test_an_unknown_element_is_refused_even_where_it_would_not_apply() -> None:
    elsewhere = statement("Deny", "s3:PutObject", Condition={"StringIs": {"a:b": "c"}})
    with pytest.raises(UnknownPolicyElement, match="StringIs"):
        decide(ask(), statement(), elsewhere)


@pytest.mark.parametrize("limit", ["boundary", "session"])
def test_an_unknown_element_of_a_limiting_policy_is_refused(limit: str) -> None:
    odd = policy(statement(Condition={"StringIs": {"a:b": "c"}}))
    with pytest.raises(UnknownPolicyElement, match=f"{limit}.*StringIs"):
        evaluate_identity(
            ask(),
            [("p", ALLOW)],
            boundary=odd if limit == "boundary" else None,
            session_policies=[("the session policy", odd)] if limit == "session" else [],
        )
