"""What is asked before anything is declared, and what is refused then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, TypeAlias

import boto3
import pytest
from moto import mock_aws

from infra import configuration, placeholders
from infra import stack as stacks
from infra.balancer import routing
from infra.plan import lookup
from infra.plan import provider as providers
from infra.plan import release as releases
from infra.plan.callers import Caller
from infra.settings import Settings, SettingsError, parse
from release import names
from release.clients import client

pytestmark = pytest.mark.sandbox

Planner: TypeAlias = Callable[..., Any]

REGION, ACCOUNT = "eu-west-1", "123456789012"  # moto's account
ENVIRONMENT = {"AWS_REGION": REGION}
ME = f"arn:aws:sts::{ACCOUNT}:user/moto"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty AWS, in this process."""
    for name, value in {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> Planner:
    """Plans a stack; `provider` is whom the provider acts as, `given` what the stack file has below `aws:`."""

    def plan(
        stack: str = "shop", provider: Caller | None = None, given: dict[str, str] | None = None, **mapping: object
    ) -> Any:
        who = provider or Caller(account=ACCOUNT, arn=ME, region=REGION)
        answers = {
            "get_caller_identity": SimpleNamespace(account_id=who.account, arn=who.arn),
            "get_region": SimpleNamespace(region=who.region),
            "get_availability_zones": SimpleNamespace(names=[f"{REGION}{letter}" for letter in "abc"]),
        }
        for name, answer in answers.items():
            monkeypatch.setattr(providers.aws, name, lambda answer=answer: answer)
        monkeypatch.setattr(configuration, "provider", lambda: given or {})
        image = SimpleNamespace(name="al2023-ami-2023.9-kernel-6.1-x86_64", owner="amazon")

        def command(_process: str, own: str | None) -> str:
            return own or "run"

        def find(**_: object) -> SimpleNamespace:
            return SimpleNamespace(command=command, image=image, publication=SimpleNamespace(processes={}))

        monkeypatch.setattr(releases.Release, "find", find)
        return stacks.plan(settings(stack, **mapping))

    return plan


def settings(stack: str = "shop", **mapping: object) -> Settings:
    return parse({"loadBalancer": {"http": True}, "fleets": {"web": None}, **mapping}, stack, ENVIRONMENT)


def refused(plan: Planner, *args: str, **more: object) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        plan(*args, **more)
    return list(caught.value.problems)


# Who asks, and where


def test_an_empty_account_is_planned_for(plan: Planner):
    """Nothing is there, nothing is refused."""
    planned = plan()
    assert (planned.account, planned.bucket) == (ACCOUNT, f"slipway-shop-{ACCOUNT}-{REGION}")
    assert planned.routing.rules == ()


@pytest.mark.parametrize(
    ("given", "remedy"),
    [
        ({}, "set AWS_PROFILE, or the access key's variables"),
        ({"profile": "prod"}, "`pulumi config rm aws:profile && export AWS_PROFILE=prod`"),
        ({"assumeRoles": "[{}]"}, "a profile with that `role_arn`"),
        ({"accessKey": "AKIA", "secretKey": "s3cret"}, "instead of aws:secretKey AWS_SECRET_ACCESS_KEY"),
    ],
)
def test_a_provider_of_another_account_is_refused(plan: Planner, given: dict[str, str], remedy: str):
    """What it made would not be found by the rollout, which is boto3's."""
    other = Caller(account="210987654321", arn="arn:aws:sts::210987654321:assumed-role/deploy/x", region=REGION)
    [problem] = refused(plan, provider=other, given=given)
    assert "210987654321" in problem
    assert ACCOUNT in problem
    assert remedy in problem
    assert "s3cret" not in problem


def test_a_provider_of_another_region_is_refused(plan: Planner):
    """Both accounts are the same, and still one would not see what the other made."""
    [problem] = refused(plan, provider=Caller(account=ACCOUNT, arn=ME, region="us-east-1"))
    assert "`pulumi config set aws:region eu-west-1`" in problem


def test_a_role_that_only_the_provider_takes_on_is_refused(plan: Planner):
    """In the same account too: the rollout would lack its permissions, when half of it is done."""
    role = Caller(account=ACCOUNT, arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/deploy/1", region=REGION)
    assert refused(plan, provider=role, given={"assumeRoles": "[{}]"})
    assert plan(provider=role)  # what both found by themselves


def test_sessions_of_one_role_are_the_same():
    """Each process makes one of its own."""
    one, other = (Caller(account="1", arn=f"arn:aws:sts::1:assumed-role/a/{n}", region="r") for n in ("x", "y"))
    assert one.principal == other.principal == "arn:aws:sts::1:assumed-role/a"


def test_endpoints_of_the_provider_alone_are_refused(plan: Planner):
    """Whoever it is, it may be somewhere else."""
    [problem] = refused(plan, given={"endpoints": '[{"ec2": "http://127.0.0.1:1"}]', "region": REGION})
    assert "AWS_ENDPOINT_URL" in problem
    assert plan(given={"endpoints": "[]"})


# What is nobody's


def test_the_example_of_a_stack_file_is_not_deployed_by_mistake(plan: Planner):
    """Each value that is an example's is named, with the command that sets one's own."""
    topic = f"arn:aws:sns:{REGION}:111122223333:alarms"
    found = refused(
        plan,
        loadBalancer={"domain": "shop.example.com", "hostedZone": "Z0123456789ABCDEFGHIJ"},
        release={"repository": "https://github.com/example/shop.git"},
        fleets={"web": {"alarms": {"notify": [topic]}}},
    )
    assert [problem.split(":")[0] for problem in found] == [
        "loadBalancer.domain",
        "loadBalancer.hostedZone",
        "release.repository",
        "fleets.web.alarms.notify[0]",
    ]
    assert "`pulumi config set --path 'slipway:fleets.web.alarms.notify[0]' VALUE`" in found[-1]


def test_the_example_of_a_replica_is_not_deployed_by_mistake():
    """Its name has an account that only examples use, unless that is the caller's, as an emulator's may be."""
    given = settings(artifacts={"bucket": "slipway-prod-123456789012-eu-central-1"}, release={"follow": "prod"})
    [problem] = placeholders.problems(given, "210987654321")
    assert problem.startswith("artifacts.bucket: slipway-prod-123456789012-eu-central-1 is the name of a bucket of an")
    assert list(placeholders.problems(given, "123456789012")) == []


def test_the_arns_of_examples_are_not_deployed_by_mistake():
    """A web ACL and a key are looked for in the account that they name."""
    acl = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/shop/12345678-1234-1234-1234-123456789012"
    key = "arn:aws:kms:eu-west-1:123456789012:key/1"
    found = placeholders.problems(settings(loadBalancer={"http": True, "webAcl": acl}, logs={"kmsKey": key}), "1" * 12)
    assert [problem.split(":")[0] for problem in found] == ["loadBalancer.webAcl", "logs.kmsKey"]


@pytest.mark.parametrize("domain", ["example.org", "a.b.example.net", "shop.example", "x.invalid"])
def test_domains_that_nobody_can_own_are_reserved(domain: str):
    """RFC 2606."""
    assert placeholders.is_reserved(domain)


@pytest.mark.parametrize("domain", ["myexample.com", "example.com.au", "shop.test", "example.shop"])
def test_other_domains_are_not(domain: str):
    """Also where they look alike."""
    assert not placeholders.is_reserved(domain)


def test_a_topic_has_to_be_there(plan: Planner):
    """An alarm that nobody hears of is none; an account that an emulator has is no example there."""
    there = boto3.client("sns", region_name=REGION).create_topic(Name="alarms")["TopicArn"]
    assert plan(fleets={"web": {"alarms": {"notify": [there]}}})
    [problem] = refused(plan, fleets={"web": {"alarms": {"notify": [there, f"{there}-of-nobody"]}}})
    assert problem.startswith("fleets.web.alarms.notify[1]: there is no topic")
    assert "`aws sns create-topic --name alarms-of-nobody`" in problem


def test_a_key_has_to_encrypt(plan: Planner):
    """One that is gone, disabled or of another kind is refused before anything is made."""
    kms = boto3.client("kms", region_name=REGION)
    good, disabled, signing = (
        kms.create_key(**more)["KeyMetadata"] for more in ({}, {}, {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"})
    )
    kms.disable_key(KeyId=disabled["KeyId"])
    assert plan(logs={"kmsKey": good["Arn"]})
    for arn, why in (
        (disabled["Arn"], "it is Disabled"),
        (signing["Arn"], "it is RSA_2048, and only symmetric keys encrypt"),
        (f"arn:aws:kms:{REGION}:{ACCOUNT}:key/gone", "there is no such key"),
    ):
        [problem] = refused(plan, logs={"kmsKey": arn})
        assert problem == f"logs.kmsKey: {arn} can't be used: {why}; `aws kms list-keys` shows what there is"


def test_a_web_acl_has_to_be_there(plan: Planner):
    """Else the balancer would serve without it before AWS refuses."""
    metric = {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": False, "MetricName": "m"}
    made = boto3.client("wafv2", region_name=REGION).create_web_acl(
        Name="shop", Scope="REGIONAL", DefaultAction={"Allow": {}}, VisibilityConfig=metric
    )["Summary"]["ARN"]
    assert plan(loadBalancer={"http": True, "webAcl": made})
    gone = f"{made[:-4]}0000"
    [problem] = refused(plan, loadBalancer={"http": True, "webAcl": gone})
    assert problem.startswith(f"loadBalancer.webAcl: there is no {gone}; `aws wafv2 list-web-acls --scope REGIONAL")


def test_a_security_group_has_to_be_there(plan: Planner):
    """Else AWS refuses the rule when half of the stack is made."""
    ec2 = boto3.client("ec2", region_name=REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    there = ec2.create_security_group(GroupName="database", Description="x", VpcId=vpc)["GroupId"]
    lists = ec2.describe_managed_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    assert plan(fleets={"web": {"egress": [443, f"{there}:5432", f"{lists}:443"]}})
    problems = refused(plan, fleets={"web": {"egress": [443, "sg-01234567:5432", "pl-01234567:80", f"{there}:1"]}})
    assert [problem.split(" in ")[0] for problem in problems] == [
        "fleets.web.egress[1]: there is no sg-01234567",
        "fleets.web.egress[2]: there is no pl-01234567",
    ]


# Whose a name is


def made(stack: str, fleet: str, port: int = 8080) -> None:
    """As much of a fleet of another stack as its first seconds make."""
    tags = [{"Key": key, "Value": value} for key, value in names.tags(stack, fleet=fleet).items()]
    boto3.client("iam").create_role(
        RoleName=names.role_name(stack, fleet, REGION), AssumeRolePolicyDocument="{}", Tags=tags
    )
    elbv2 = boto3.client("elbv2", region_name=REGION)
    vpc = boto3.client("ec2", region_name=REGION).create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    name = names.target_group_name(stack, fleet, port)
    elbv2.create_target_group(Name=name, Protocol="HTTP", Port=port, VpcId=vpc, Tags=tags)


def test_a_fleet_with_another_stacks_names_is_refused(plan: Planner):
    """`shop` with `api-web` and `shop-api` with `web` come to the same names: it is told before half of it is made."""
    made("shop", "api-web")
    found = refused(plan, "shop-api")
    assert [problem.split(" slipway")[0].split(" shop")[0] for problem in found] == ["the IAM role", "the target group"]
    assert all("belongs to the stack shop (fleet api-web); stack shop-api would need it" in text for text in found)
    assert plan("shop", fleets={"api-web": None})  # its own: a first `pulumi up` that was killed goes on


def test_what_does_not_fit_into_user_data_is_refused(plan: Planner):
    """EC2 takes 16 KB, of which Slipway needs a part; all fleets that have too much are named."""
    much = {"environment": {"A": "x" * 15_000}}
    found = refused(plan, fleets={"web": much, "api": {**much, "routes": {"paths": ["/api/*"]}}})
    assert [problem.split(":")[0] for problem in found] == ["fleets.api.environment", "fleets.web.environment"]
    assert all("EC2 takes 16384" in problem and "move long values to files" in problem for problem in found)


def test_scheduled_work_that_does_not_fit_into_user_data_is_refused(plan: Planner):
    """Not half-way through, at its launch template; the entry is named, and what of the fleet is too long."""
    job = {"cron": "0 2 * * *", "fleet": "web"}
    [problem] = refused(plan, schedule={"nightly": {**job, "command": "x" * 15_000}, "ok": {**job, "command": "x"}})
    assert problem.startswith("schedule.nightly.command: the user data would be ")
    assert "move it to a script in the repository" in problem
    much = {"web": {"environment": {"A": "x" * 15_000}}}
    assert [each.split(":")[0] for each in refused(plan, fleets=much, schedule={"ok": {**job, "command": "x"}})] == [
        "fleets.web.environment",
        "schedule.ok",
    ]


def test_a_name_that_no_stack_has_is_refused(plan: Planner):
    """Whatever it is, it can't be made twice."""
    boto3.client("iam").create_role(RoleName=f"slipway-shop-web-{REGION}", AssumeRolePolicyDocument="{}")
    [problem] = refused(plan)
    assert "exists already, and belongs to no stack of Slipway's" in problem


def test_a_role_of_the_stack_itself_may_be_a_fleets(plan: Planner):
    """`shop` has a role for its flow logs; a stack `shop-flow` with a fleet `logs` comes to the same name."""
    made("shop-flow", "logs")
    [problem] = refused(plan, "shop")
    assert problem.startswith(
        "the IAM role slipway-shop-flow-logs-eu-west-1 belongs to the stack shop-flow (fleet logs);"
    )
    assert plan("shop", network={"flowLogs": False})


def test_a_bucket_whose_objects_expire_is_no_store(plan: Planner):
    """The access logs of `shop` lie where the releases of `shop-logs` would: they would be gone after 90 days."""
    logs = names.access_logs_bucket_name("shop", ACCOUNT, REGION)
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=logs, CreateBucketConfiguration={"LocationConstraint": REGION})
    tags = [{"Key": "slipway:stack", "Value": "shop"}]
    s3.put_bucket_tagging(Bucket=logs, Tagging={"TagSet": tags})
    [problem] = refused(plan, "shop-logs")
    assert problem.startswith(f"the bucket {logs} belongs to the stack shop; stack shop-logs would need it")
    assert plan("shop")
    assert "takes this stack's access logs" in refused(plan, "shop", artifacts={"bucket": logs})[0]


@pytest.mark.parametrize("follow", [{}, {"release": {"follow": "prod"}}])
def test_a_store_in_another_region_is_refused(plan: Planner, follow: dict[str, Any]):
    """S3 would send every request on to it, unseen until that region is dark."""
    for bucket, region in (("here", REGION), ("there", "eu-central-1")):
        s3 = boto3.client("s3", region_name=region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})  # pyright: ignore[reportArgumentType]
    assert plan(artifacts={"bucket": "here"}, **follow)
    [problem] = refused(plan, artifacts={"bucket": "there"}, **follow)
    assert problem.startswith("artifacts.bucket: there is in eu-central-1, and not in eu-west-1, the stack's region")
    assert ("the replica of the store of prod" in problem) == bool(follow)
    [problem] = refused(plan, artifacts={"bucket": "nowhere"}, **follow)
    assert problem.startswith("artifacts.bucket: there is no bucket nowhere; ")
    assert ("`pulumi up --stack prod` makes it" in problem) == bool(follow)


# The rules that are there


def test_rules_keep_the_priority_that_they_have(plan: Planner):
    """Two rules that come to the same place: who was there first stays, also where the other one sorts before it."""
    paths = [f"/{number:02}" for number in range(40)]
    fleets = {f"f{number:02}": {"routes": {"paths": [path]}} for number, path in enumerate(paths)}
    wanted = {name: fleet.routes for name, fleet in settings(fleets=fleets).fleets.items()}
    late = {**{name: routes for name, routes in wanted.items() if name > "f20"}}
    there = {(rule.fleet, rule.path): rule.priority for rule in routing.plan(late).rules}
    assert routing.plan(wanted) != routing.plan(wanted, there)  # some do come to the same place
    listener(there)
    assert plan(fleets=fleets).routing == routing.plan(wanted, there)


def listener(rules: dict[tuple[str, str | None], int]) -> None:
    """A balancer of the stack `shop` with these rules."""
    ec2, elbv2 = client("ec2", REGION), client("elbv2", REGION)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")["Subnet"][
            "SubnetId"
        ]
        for n, zone in enumerate("ab")
    ]
    balancer = elbv2.create_load_balancer(Name="slipway-shop", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    made = elbv2.create_listener(
        LoadBalancerArn=balancer,
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )
    for (fleet, path), priority in rules.items():
        assert path is not None
        name = names.target_group_name("shop", fleet, 8080)
        group = elbv2.create_target_group(
            Name=name, Protocol="HTTP", Port=8080, VpcId=vpc, Tags=[{"Key": "slipway:stack", "Value": "shop"}]
        )
        arn = group["TargetGroups"][0]["TargetGroupArn"]
        elbv2.create_rule(
            ListenerArn=made["Listeners"][0]["ListenerArn"],
            Priority=priority,
            Conditions=[{"Field": "path-pattern", "PathPatternConfig": {"Values": [path]}}],
            Actions=[{"Type": "forward", "TargetGroupArn": arn}],
        )


def test_a_balancer_that_is_not_there_has_no_rules():
    """Nor has one without a listener."""
    assert lookup.rules(REGION, "shop") == {}


# What each instance would miss


def test_a_command_that_the_image_lacks_needs_its_package(plan: Planner):
    """It is refused with the command that sets it, unless a package brings it or the fleet has a PATH of its own."""
    lacking = {"api": {"command": "node server.js", "packages": ["git"], "routes": {"paths": ["/api/*"]}}}
    assert refused(plan, fleets={"web": None, **lacking}) == [
        "fleets.api.packages: it runs `node server.js`, but the image al2023-ami-2023.9-kernel-6.1-x86_64 has no node; "
        "`pulumi config set --path 'slipway:fleets.api.packages[1]' nodejs22`"
    ]
    plan(fleets={"web": {"command": "node server.js", "packages": ["nodejs20"]}})
    plan(fleets={"web": {"command": "node server.js", "environment": {"PATH": "/opt/app/release/bin:/usr/bin"}}})


def test_scheduled_work_needs_the_packages_of_its_fleet(plan: Planner):
    """Each package is asked for once, and not where the fleet has it."""
    job = {"cron": "0 2 * * *", "fleet": "web"}
    work = {"nightly": {**job, "command": "node report.js"}, "weekly": {**job, "command": "npm run clean"}}
    assert refused(plan, schedule=work) == [
        "schedule.nightly.command: it runs `node report.js`, but the image al2023-ami-2023.9-kernel-6.1-x86_64 has no "
        "node; `pulumi config set --path 'slipway:fleets.web.packages[0]' nodejs22`"
    ]
    plan(schedule=work, fleets={"web": {"packages": ["nodejs22"]}})


# What stands


def group(posture: str) -> None:
    """The group of the fleet `web` of the stack `shop`, which tells its posture."""
    made = {names.POSTURE_TAG: posture, names.SIZE_TAG: "3-9", **names.tags("shop", fleet="web")}
    ec2, name = client("ec2", REGION), names.group_name("shop", "web")
    template = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData={"ImageId": "ami-12345678"})
    client("autoscaling", REGION).create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=0,
        AvailabilityZones=[f"{REGION}a"],
        HealthCheckType="ELB",
        LaunchTemplate={"LaunchTemplateId": template["LaunchTemplate"]["LaunchTemplateId"], "Version": "1"},
        Tags=[{"Key": key, "Value": value, "PropagateAtLaunch": False} for key, value in made.items()],
    )


@pytest.mark.parametrize("posture", ["warm", "pilot-light", "cold"])
def test_what_somebody_activated_is_not_taken_down_by_oversight(
    plan: Planner, monkeypatch: pytest.MonkeyPatch, posture: str
):
    """The stack file says less than stands: both ways on are commands, and the one that is meant is followed."""
    group("active")
    [problem] = refused(plan, recovery={"posture": posture})
    assert problem.startswith(f"recovery.posture: is {posture}, but more than that stands (fleet web is active")
    assert "`SLIPWAY_POSTURE=active pulumi up --stack shop`" in problem
    assert f"`SLIPWAY_POSTURE={posture} pulumi up --refresh --stack shop`" in problem
    monkeypatch.setitem(ENVIRONMENT, "SLIPWAY_POSTURE", posture)
    assert plan()


def test_a_running_fleet_does_not_become_one_of_workers(plan: Planner):
    """Nor the other way round: its instances would fail the other kind's checks."""
    group("active")
    with pytest.raises(SettingsError, match=r"fleets\.web\.routes: requests reach the running fleet"):
        plan(fleets={"web": {"routes": "none"}, "api": None})


def test_going_up_needs_nobodys_word(plan: Planner):
    """Nor does staying, nor a stack whose groups tell nothing yet."""
    group("warm")
    for posture in ("warm", "active"):
        assert plan(recovery={"posture": posture})
    assert plan("other", recovery={"posture": "pilot-light"})


def test_the_stores_access_logs_that_were_kept_are_found_again(plan: Planner):
    """Of both regions; none where they go with the stack, or nobody asked for them."""
    home, away = (names.store_logs_bucket_name("shop", ACCOUNT, region) for region in (REGION, "eu-central-1"))
    wanted = {"accessLogs": True, "replica": {"region": "eu-central-1"}}
    assert plan(artifacts=wanted).kept_store_logs == frozenset()
    for bucket, region in ((home, REGION), (away, "eu-central-1")):
        s3: Any = client("s3", region)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": names.STACK_TAG, "Value": "shop"}]})
    assert plan(artifacts=wanted).kept_store_logs == {home, away}
    assert plan(artifacts={"accessLogs": True}).kept_store_logs == {home}
    assert plan(artifacts={"accessLogs": True, "destroy": True}).kept_store_logs == frozenset()
    assert plan().kept_store_logs == frozenset()


def test_access_logs_that_were_kept_are_found_again(plan: Planner):
    """They are taken over once: as long as a fleet stands, the stack has their bucket already."""
    assert not plan().kept_logs
    bucket = names.access_logs_bucket_name("shop", ACCOUNT, REGION)
    s3 = client("s3", REGION)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": names.STACK_TAG, "Value": "shop"}]})
    assert plan().kept_logs
    assert not plan(loadBalancer={"http": True, "accessLogs": False}).kept_logs
    group("active")
    assert not plan().kept_logs
