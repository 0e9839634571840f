"""A stack whose account bootstrap/ has set up, and who works with it: each by a role and a token of their own."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore import UNSIGNED
from botocore.config import Config

from bootstrap.settings import AccessSettings
from infra.permissions import roles
from tests.engine.conftest import REGION, Ran, Sandbox
from tests.sandbox.fake_internal_api import process

STACK = "guarded"
ACCOUNT = "123456789012"
REPOSITORY = "acme/shop"
SET_UP = """\
config:
  aws:region: eu-west-1
  slipway:repository: acme/shop
  slipway:replica: eu-central-1
  slipway:stacks:
    guarded:
      replica: eu-central-1
      zone: {zone}
      roles: [activate, console, deployer, freeze, maintenance, previewer, publisher, rollback]
"""
SETTINGS = """\
config:
  aws:region: eu-west-1
  slipway:permissions: {{boundary: {boundary}}}
  slipway:network: {{zones: 2, nat: {nat}}}
  slipway:loadBalancer:
    {{domain: shop.example.test, hostedZone: {zone}, deletionProtection: false, failover: {failover},
      webAcl: {web_acl}}}
  slipway:artifacts: {{accessLogs: true, replica: {{region: eu-central-1}}}}
  slipway:console: true
  slipway:logs: {{retention: 365, kmsKey: {key}}}
  slipway:release: {{command: {phase}}}
  slipway:fleets:
    web: &fleet
      size: {{min: 1, max: 2}}
      health: {{interval: 5, timeout: 2, healthyThreshold: {threshold}}}
      routes: {{paths: ["{paths}*"]}}
      drain: 1
      bootTimeout: 60
      rollout: {{warmup: 0, bake: 0, timeout: 240}}
      alarms: {{notify: ["arn:aws:sns:eu-west-1:123456789012:alarms"]}}
{more}
"""
SECOND = """\
    api:
      <<: *fleet
      process: web
      instanceTypes: [t3.small, t3.micro]
      routes: {paths: ["/api/*"]}
"""


@dataclass
class Site:
    """The stack, and who works with it."""

    sandbox: Sandbox
    zone: str
    endpoint: str
    """Where AWS answers."""
    key: str
    """The ARN of a key that CloudWatch Logs may use."""
    web_acl: str
    """The ARN of a web ACL."""
    account: dict[str, Any]
    """What the account's set-up has for the stack: backend, secretsProvider, key, boundary, roles."""
    tried: dict[str, set[str]] = field(default_factory=dict)
    """By role: what it was refused where that was the point."""

    @property
    def scope(self) -> roles.Scope:
        """What the roles are for."""
        return roles.Scope(
            stack=STACK,
            region=REGION,
            account=ACCOUNT,
            zone=self.zone,
            replica="eu-central-1",
            state=f"state-slipway-{ACCOUNT}-{REGION}/{STACK}",
            key=self.account["key"],
            boundary=self.account["boundary"],
        )

    def set(
        self,
        *,
        nat: str = "single",
        more: str = SECOND,
        paths: str = "/",
        threshold: int = 2,
        failover: str = "primary",
        key: bool = False,
        web_acl: bool = True,
        phase: str = "null",
    ) -> None:
        """Write the stack file, with what it has of the key; `phase` is the command of the release phase."""
        given = {"nat": nat, "more": more, "paths": paths, "threshold": threshold, "failover": failover}
        given["phase"] = phase
        given |= {"key": self.key if key else "null", "web_acl": self.web_acl if web_acl else "null"}
        file = self.sandbox.checkout / f"Pulumi.{STACK}.yaml"
        kept = re.findall(r"^(?:secretsprovider|encryptedkey):.*\n", file.read_text(), re.MULTILINE)
        settings = SETTINGS.format(zone=self.zone, boundary=self.account["boundary"], **given)
        file.write_text(settings + "".join(kept))

    def session(self, role: str, environment: str = "") -> dict[str, str]:
        """The keys that a job gets for a role with its token; by default, one of the environment that is meant."""
        environment = environment or AccessSettings().environments_of(STACK, role)[0]
        subject = f"repo:{REPOSITORY}:environment:{environment}"
        token = self.sandbox.run("python", "-m", "sandbox", "token", "--subject", subject).last
        sts = boto3.client("sts", REGION, endpoint_url=self.endpoint, config=Config(signature_version=UNSIGNED))
        got = sts.assume_role_with_web_identity(
            RoleArn=self.account["roles"][role], RoleSessionName="test-session", WebIdentityToken=token
        )["Credentials"]
        return {
            "AWS_ACCESS_KEY_ID": got["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": got["SecretAccessKey"],
            "AWS_SESSION_TOKEN": got["SessionToken"],
        }

    def client(self, role: str, service: str) -> Any:
        """A boto3 client with a role's keys."""
        return self.with_keys(service, *self.session(role).values())

    def with_keys(self, service: str, access: str, secret: str, token: str) -> Any:
        """A boto3 client with these keys."""
        return boto3.client(
            service,
            REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=access,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )

    def run(self, role: str, command: str) -> Ran:
        """A command in the shell, as a role: whatever asks AWS, Pulumi's provider too, has its keys only."""
        keys = self.session(role)
        given = {**keys, "PULUMI_STACK": STACK, "AWS_REGION": REGION, "PULUMI_BACKEND_URL": self.account["backend"]}
        if not any(each in command for each in ("pulumi", "release preview", "release drift")):
            return self._run(command, given)
        log = self.sandbox.checkout / f"provider-{role}.log"
        options = ("--endpoint", self.endpoint, "--port", "0")
        with process("-m", "sandbox.provider", *options, log=log, env=keys) as (port, _):
            return self._run(command, {**given, "PULUMI_DEBUG_PROVIDERS": f"aws:{port}"})

    def _run(self, command: str, variables: dict[str, str]) -> Ran:
        given = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
        return self.sandbox.shell(f"export {given} && {command}")

    def up(self, sha: str) -> Ran:
        """`pulumi up` as the deployer."""
        return self.run("deployer", f"{self.release(sha)} pulumi up --yes --skip-preview --non-interactive")

    def release(self, sha: str) -> str:
        """The variables that ask for a release."""
        given = {"SLIPWAY_SHA": sha, "SLIPWAY_REPOSITORY": str(self.sandbox.checkout)}
        return " ".join(f"{k}={shlex.quote(v)}" for k, v in {**given, "SLIPWAY_DIRECTORY": "examples/shop"}.items())

    def told(self) -> dict[str, dict[str, list[str]]]:
        """What each role was allowed and refused so far."""
        told = self.sandbox.shell(
            'curl --silent --fail --header "Authorization: Bearer $AWS_SECRET_ACCESS_KEY" '
            "$AWS_ENDPOINT_URL/_sandbox/permissions"
        )
        return {name.removeprefix(f"slipway.{STACK}."): each for name, each in json.loads(told.said).items()}

    def refused(self, role: str) -> set[str]:
        """What a role was refused, beside where that was the point."""
        return set(self.told()[role]["refused"]) - self.tried.get(role, set())


def key_for_logs(sandbox: Sandbox) -> str:
    """A key with the policy of docs/deploying.md, "Keys of your own"."""
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/slipway/{STACK}*"
    root = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, "Action": "kms:*", "Resource": "*"}
    logs = {
        "Effect": "Allow",
        "Principal": {"Service": f"logs.{REGION}.amazonaws.com"},
        "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
        "Resource": "*",
        "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": group}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [root, logs]})
    return sandbox.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]


def open_web_acl(sandbox: Sandbox) -> str:
    """A web ACL that lets everything through."""
    seen = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "shop"}
    made = sandbox.client("wafv2").create_web_acl(
        Name="shop", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=seen
    )
    return made["Summary"]["ARN"]


def set_up(sandbox: Sandbox) -> Site:
    """A sandbox with a hosted zone, an account that was set up, and an empty stack."""
    started = sandbox.run("python", "-m", "sandbox", "start")
    assert started.code == 0, started.said
    route53 = sandbox.client("route53")
    endpoint = route53.meta.endpoint_url
    zone = route53.create_hosted_zone(Name="example.test", CallerReference="1")["HostedZone"]["Id"].rpartition("/")[2]
    sandbox.client("sns").create_topic(Name="alarms")
    (sandbox.checkout / ".sandbox" / "pulumi").mkdir(exist_ok=True)
    (sandbox.checkout / "bootstrap" / "Pulumi.account.yaml").write_text(SET_UP.format(zone=zone))
    up = "pulumi stack init account && pulumi up --yes --skip-preview --non-interactive"
    ran = sandbox.shell(f"cd bootstrap && {up}")
    assert ran.code == 0, ran.said
    outputs = json.loads(sandbox.shell("cd bootstrap && pulumi stack output --json").said)
    made = Site(
        sandbox, zone, endpoint, key=key_for_logs(sandbox), web_acl=open_web_acl(sandbox), account=outputs[STACK]
    )
    created = made.run("deployer", f"pulumi stack init {STACK} --secrets-provider {made.account['secretsProvider']!r}")
    assert created.code == 0, created.said
    made.set()
    secret = made.run("deployer", "pulumi config set --secret --path slipway:fleets.web.secrets.KEY hidden")
    assert secret.code == 0, secret.said
    return made
