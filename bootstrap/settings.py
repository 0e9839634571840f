"""The settings of the account's set-up. Pure.

The text below a field is its documentation. Keys in the stack file begin with `slipway:`, as those of the stacks do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field, StrictBool, ValidationError

from infra.permissions.roles import ROLES
from infra.placeholders import ACCOUNTS, REPOSITORY_OWNER, ZONE
from infra.settings.kinds import Otherwise, excluding, items, text
from infra.settings.problems import Problems, shown, told
from infra.settings.section import Section, section_at
from infra.settings.stack import BUCKET, HOSTED_ZONE, NAME, NAME_WORDS, PRINCIPAL, REGION
from release.names import REVIEW

_OWN = "is what a part of the account's set-up is called; rename the stack"
STACK = excluding(text(NAME, NAME_WORDS, named="must be named with"), {"bootstrap": _OWN})
ROLE = text("|".join(sorted(ROLES)), f"one of {', '.join(sorted(ROLES))}")
USUAL = ("previewer", "publisher", "deployer", "rollback")
"""The roles of a stack that is deployed day by day."""
REPOSITORY = text(
    r"[A-Za-z0-9-]{1,39}(@[0-9]+)?/[A-Za-z0-9._-]{1,100}(@[0-9]+)?",
    "OWNER/NAME, or OWNER@ID/NAME@ID where GitHub's tokens name the ids",
)
ENVIRONMENT = text(r"[^\0:*?]{1,255}", "the name of a GitHub environment, without :, * and ?")
PROVIDER = text(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:oidc-provider/token\.actions\.githubusercontent\.com",
    "the ARN of GitHub's identity provider (arn:aws:iam::ACCOUNT:oidc-provider/token.actions.githubusercontent.com)",
)


class AccessSettings(Section):
    """A stack that people and pipelines of this account work with."""

    region: Annotated[str | None, REGION, Otherwise("that of `aws:region`")] = None
    """The stack's region."""
    replica: Annotated[str | None, REGION, Otherwise("the stack has no replica")] = None
    """The region of the stack's `artifacts.replica`."""
    bucket: Annotated[str | None, BUCKET, Otherwise("the stack's own")] = None
    """The stack's `artifacts.bucket`."""
    replica_bucket: Annotated[str | None, BUCKET, Otherwise("`slipway-STACK-ACCOUNT-REGION`")] = None
    """The stack's `artifacts.replica.bucket`."""
    zone: Annotated[str | None, HOSTED_ZONE, Otherwise("any of the account's")] = None
    """The stack's `loadBalancer.hostedZone`."""
    roles: Annotated[tuple[str, ...], items(ROLE, "roles", least=1)] = USUAL
    """The roles that are made; docs/permissions.md says what each may do."""
    environments: dict[
        Annotated[str, ROLE], Annotated[tuple[str, ...], items(ENVIRONMENT, "environments", least=1)]
    ] = Field(default_factory=dict)
    """The GitHub environments whose jobs may take on a role, by role, where they are not the usual ones."""
    people: Annotated[tuple[str, ...], items(PRINCIPAL, "ARNs of roles and users")] = ()
    """Who else may take on the stack's roles: people, so that nothing depends on GitHub. `*` and `?` are wildcards."""

    def environments_of(self, stack: str, role: str) -> tuple[str, ...]:
        """Return the GitHub environments whose jobs may take on the role of this stack (docs/pull-requests.md)."""
        usual = {
            "deployer": (stack,),
            "drill": ("drill",),
            "previewer": ("preview", "drift"),
            "publisher": ("publish",),
            "review": ("review", "sweep"),
        }
        return self.environments.get(role) or usual.get(role, (f"{stack}-{role}",))


class AccountSettings(Section):
    """The stack file of the account's set-up."""

    region: Annotated[str, REGION] = Field(alias="aws:region")
    """The region of the state, and of every stack that names no other."""
    repository: Annotated[str, REPOSITORY]
    """The GitHub repository whose workflows may take on the roles."""
    replica: Annotated[str, REGION]
    """The region to which the state is copied, and where stacks of that region keep theirs."""
    identity_provider: Annotated[str | None, PROVIDER, Otherwise("it is made")] = None
    """GitHub's identity provider, if the account has it already: there can be only one."""
    stacks: dict[Annotated[str, STACK], AccessSettings]
    """The stacks by name; `review` stands for all review stacks together, whose only role is `review`."""
    destroy: StrictBool = False
    """Whether state and keys go with the set-up when it is destroyed."""

    def region_of(self, stack: AccessSettings) -> str:
        """Return the region of a stack."""
        return stack.region or self.region

    @property
    def regions(self) -> tuple[str, str]:
        """Return the regions that keep state."""
        return self.region, self.replica


def parse(given: Mapping[str, object], name: str) -> AccountSettings:
    """Return the settings; `name` is that of the stack file. Raises SettingsError with all that is wrong."""
    problems = Problems({}, ())
    try:
        settings = AccountSettings.model_validate(given)
    except ValidationError as error:
        for each in error.errors(include_url=False):
            path, kind = each["loc"], each["type"]
            if path[-1] == "[key]" and kind != "extra_forbidden":
                path = path[:-1]
            known = section_at(AccountSettings, path[:-1]).fields() if kind == "extra_forbidden" else ()
            problems.wrong(path, told(each, shown(path), known, hidden=False))
        problems.raise_any(name)
        raise  # an error without a message would be a mistake here
    for path, text_ in _disagreements(settings):
        problems.add(path, text_)
    problems.raise_any(name)
    return settings


def placeholders(settings: AccountSettings, account: str) -> Iterator[tuple[str, str]]:
    """Yield the settings that still have an example's value, and what they are; `account` is the caller's."""
    if settings.repository.partition("/")[0] == REPOSITORY_OWNER:
        yield "repository", f"{settings.repository} is the example's repository"
    for name, stack in settings.stacks.items():
        if stack.zone == ZONE:
            yield f"stacks.{name}.zone", f"{ZONE} is the example's zone"
        if stack.bucket and any(part in ACCOUNTS and part != account for part in stack.bucket.split("-")):
            yield f"stacks.{name}.bucket", f"{stack.bucket} is the name of a bucket of an account only examples use"


def _disagreements(settings: AccountSettings) -> Iterator[tuple[str, str]]:
    if settings.replica == settings.region:
        yield "replica", f"must be another region than aws:region, is {settings.replica!r} too"
    if not settings.stacks:
        yield "stacks", "is empty; name at least one stack"
    for name, stack in settings.stacks.items():
        region = settings.region_of(stack)
        if region not in settings.regions:
            kept = " and ".join(settings.regions)
            yield f"stacks.{name}.region", f"{region} keeps no state; only {kept} do"
        if stack.replica == region:
            yield f"stacks.{name}.replica", f"must be another region than the stack's, is {region!r} too"
        if (name == REVIEW) != (REVIEW in stack.roles) or (name == REVIEW and len(stack.roles) > 1):
            yield (
                f"stacks.{name}.roles",
                f"the role {REVIEW} is that of all review stacks (pr-NUMBER) together, and no other is: it goes by "
                f"itself below the name `{REVIEW}`",
            )
        for role in set(stack.environments) - set(stack.roles):
            yield f"stacks.{name}.environments.{role}", f"{role} is not among the stack's roles"
