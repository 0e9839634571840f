"""Every rule of the settings, and how its breach is told."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import SettingsError, parse
from infra.settings.fleet import FleetSettings
from infra.settings.instances import architecture

ROOT = Path(__file__).resolve().parents[3]
REGION = {"AWS_REGION": "eu-west-1"}
CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
SMALLEST: dict[str, Any] = {"loadBalancer": {"http": True}, "fleets": {"web": None}}


def given_with(**changes: object) -> dict[str, Any]:
    """The smallest stack file with some of it changed; `fleets__web__port=1` is `fleets.web.port`."""
    mapping = copy.deepcopy(SMALLEST)
    for key, value in changes.items():
        *path, last = key.split("__")
        level = mapping
        for name in path:
            if level.get(name) is None:
                level[name] = {}
            level = level[name]
        level[last] = value
    return mapping


def problems(
    mapping: Mapping[str, object],
    stack: str = "prod",
    environment: Mapping[str, str] = REGION,
    encrypted: Collection[str] | None = None,
) -> list[str]:
    """What is wrong with a stack file."""
    with pytest.raises(SettingsError) as caught:
        parse(mapping, stack, environment, encrypted=encrypted)
    return list(caught.value.problems)


def web(**changes: object) -> FleetSettings:
    """The settings of fleet web, with some of them changed."""
    return parse(given_with(**{f"fleets__web__{key}": value for key, value in changes.items()}), "prod", REGION).fleets[
        "web"
    ]


@pytest.mark.parametrize(
    "name", ["-y", "--repofrompath=x,http://x", "a b", "a;b", "$(id)", "nodejs*", "@dev", "/x.rpm", ""]
)
def test_packages_are_names_and_nothing_else(name: str):
    """None of it reaches bash or dnf as something else."""
    assert problems(given_with(fleets__web__packages=[name]))[0].startswith("fleets.web.packages[0]")


def test_packages_are_taken_in_their_order():
    """As they are written: dnf knows best what to make of them."""
    assert web().packages == ()
    assert web(packages=["nodejs22", "gcc-c++", "python3.12"]).packages == ("nodejs22", "gcc-c++", "python3.12")


def test_the_smallest_stack_file_has_the_documented_defaults():
    """What docs/settings.md promises where nothing is said."""
    settings = parse(SMALLEST, "prod", REGION)
    fleet = settings.fleets["web"]
    assert (settings.network.cidr, settings.network.zones, settings.network.nat) == ("10.20.0.0/16", 3, "per-az")
    assert settings.network.flow_logs
    assert settings.load_balancer.access_logs
    assert settings.load_balancer.deletion_protection
    assert not settings.artifacts.destroy
    assert settings.image.name == "al2023-ami-2023.*-kernel-6.1-x86_64"
    assert (fleet.process, fleet.instance_types, fleet.size.min, fleet.size.max) == ("web", ("t3.small",), 3, 9)
    assert (fleet.port, fleet.health.path, fleet.routes.paths, fleet.drain) == (8080, "/healthz", ("/*",), 30)
    assert (fleet.rollout.min_healthy_percentage, fleet.rollout.max_healthy_percentage) == (100, 200)
    assert (fleet.scaling.cpu, fleet.boot_timeout, fleet.alarms.error_rate) == (60, 300, 5.0)


@pytest.mark.parametrize("stack", ["prod", "sandbox"])
def test_the_stack_files_in_the_repository_are_right(stack: str):
    """What is there to copy from works as it is."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    assert parse({key.removeprefix("slipway:"): value for key, value in config.items()}, stack, {}).stack == stack


BREACHES = [
    ({"network__cidr": "10.20.0.0/24"}, "network.cidr: must be a /16 to /22"),
    ({"network__cidr": 10}, "network.cidr: must be text, is the number 10; put it in quotes"),
    ({"network__zones": 1}, "network.zones: must be 2 to 6, is 1"),
    ({"network__zones": ["a"]}, "network.zones: must be 2 to 6 zones, are 1"),
    ({"network__zones": ["a", "x"]}, "network.zones[1]: must be a letter of abcdefgh, is 'x'"),
    ({"network__zones": ["a", "a", "b"]}, "network.zones[1]: is there twice: 'a'; remove one"),
    ({"network__zones": "three"}, "network.zones: must be 2 to 6, or a list of zone letters"),
    ({"network__nat": "per_az"}, "network.nat: must be one of none, single, per-az, is 'per_az'; did you mean per-az?"),
    ({"network__flowLogs": "yes"}, "network.flowLogs: must be true or false, is the text 'yes'"),
    ({"network__flowlogs": True}, "network.flowlogs: unknown setting; did you mean flowLogs?"),
    ({"network": "10.20.0.0/16"}, "network: must be a mapping of settings, is the text '10.20.0.0/16'"),
    ({"netwrk": {}}, "netwrk: unknown setting; did you mean network?"),
    ({"loadBalancer__http": None}, "loadBalancer: needs one of domain, certificate or http"),
    ({"loadBalancer__http": False}, "loadBalancer: needs one of domain, certificate or http"),
    ({"loadBalancer__certificate": CERTIFICATE}, "takes one of domain, certificate or http, has certificate and http"),
    ({"loadBalancer__domain": "shop.example.com"}, "loadBalancer.hostedZone: missing"),
    (
        {"loadBalancer": {"domain": "Shop", "hostedZone": "Z0123456789"}},
        "loadBalancer.domain: must be a domain such as shop.example.com",
    ),
    ({"loadBalancer__hostedZone": "Z0123456789"}, "loadBalancer.hostedZone: has no effect without domain"),
    ({"loadBalancer__hostedZone": "example.com"}, "loadBalancer.hostedZone: must be the id of a hosted zone"),
    ({"loadBalancer__certificate": "arn:x"}, "loadBalancer.certificate: must be the ARN of an ACM certificate"),
    (
        {"loadBalancer__certificate": CERTIFICATE.replace("eu-west-1", "us-east-1")},
        "must be a certificate of eu-west-1, the stack's region, is one of us-east-1",
    ),
    ({"loadBalancer__idleTimeout": 0}, "loadBalancer.idleTimeout: must be 1 to 4000 seconds, is 0"),
    ({"loadBalancer__idleTimeout": 4001}, "loadBalancer.idleTimeout: must be 1 to 4000 seconds, is 4001"),
    ({"logs__retention": 100}, "logs.retention: must be one of 1, 3, 5"),
    ({"logs__retention": "365"}, "logs.retention: must be one of 1, 3, 5"),
    ({"logs__kmsKey": "alias/logs"}, "logs.kmsKey: must be the ARN of a KMS key"),
    (
        {"logs__kmsKey": "arn:aws:kms:eu-central-1:123456789012:key/1"},
        "logs.kmsKey: must be a key of eu-west-1, is one of eu-central-1; make one there",
    ),
    ({"loadBalancer__webAcl": "shop"}, "loadBalancer.webAcl: must be the ARN of a regional web ACL"),
    (
        {
            "loadBalancer__webAcl": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/a/"
            "12345678-1234-1234-1234-123456789012"
        },
        "loadBalancer.webAcl: must be a web ACL of eu-west-1, the stack's region, is one of us-east-1; make one there",
    ),
    (
        {"artifacts__bucket": "store", "artifacts__accessLogs": True},
        "artifacts.accessLogs: has no effect with artifacts.bucket",
    ),
    ({"loadBalancer__accessLogs": "No"}, "loadBalancer.accessLogs: must be the name of a bucket"),
    ({"artifacts__bucket": "A"}, "artifacts.bucket: must be the name of a bucket"),
    ({"artifacts__publishers": ["ci"]}, "artifacts.publishers[0]: must be the ARN of a role or user"),
    (
        {"artifacts__bucket": "store", "artifacts__deployers": ["arn:aws:iam::111122223333:role/ops"]},
        "artifacts.deployers: has no effect with artifacts.bucket",
    ),
    ({"artifacts__objectLock": {}}, "artifacts.objectLock.days: missing"),
    ({"artifacts__objectLock": {"days": 1, "mode": "legal"}}, "artifacts.objectLock.mode: must be one of"),
    (
        {"artifacts__objectLock": {"days": 1}, "artifacts__destroy": True},
        "artifacts.objectLock: must be left out with artifacts.destroy",
    ),
    (
        {"artifacts__bucket": "store", "artifacts__destroy": True},
        "artifacts.destroy: must be false with artifacts.bucket",
    ),
    ({"release__sha": 1234567}, "release.sha: must be text, is the number 1234567; put it in quotes"),
    ({"release__sha": "--upload-pack=x"}, "release.sha: must be a commit, tag"),
    ({"release__directory": "../x"}, "release.directory: must be a path inside the repository"),
    ({"release__directory": "/x"}, "release.directory: must be a path inside the repository"),
    ({"release__build": {}}, "release.build.command: missing"),
    ({"release__build__timeout": 0}, "release.build.timeout: must be 1 to 86400 seconds, is 0"),
    ({"image__owner": "me"}, "image.owner: must be amazon, aws-marketplace, self or an account's 12 digits"),
    ({"image__name": "$x"}, "image.name: must be the name of a machine image"),
    ({"fleets": None}, "fleets: missing; set a first one with"),
    ({"fleets__Web": None}, "fleets.Web: must be named with 1 to 20 of a-z"),
    ({"fleets__a-name-of-twenty-one-": None}, "must be named with 1 to 20 of a-z"),
    ({"fleets__web__process": "a b"}, "fleets.web.process: must be a process name of a Procfile"),
    ({"fleets__web__command": ""}, "fleets.web.command: must not be empty; remove it for the default"),
    ({"fleets__web__instanceTypes": []}, "fleets.web.instanceTypes: must not be empty"),
    ({"fleets__web__instanceTypes": "t3.small"}, "fleets.web.instanceTypes: must be a list, is the text 't3.small'"),
    (
        {"fleets__web__instanceTypes": ["t3small"]},
        "fleets.web.instanceTypes[0]: must be an instance type such as t3.small, is 't3small'",
    ),
    ({"fleets__web__instanceTypes": ["t4g.small"]}, "must be x86_64 as image.name is, has t4g.small (arm64)"),
    (
        {"image__name": "ours-*", "fleets__web__instanceTypes": ["t3.small", "t4g.small"]},
        "must all be of one architecture, are t3.small, t4g.small",
    ),
    (
        {"fleets__web__size__min": 4, "fleets__web__size__max": 2},
        "fleets.web.size.max: must be at least size.min (4), is 2",
    ),
    ({"fleets__web__size__min": True}, "fleets.web.size.min: must be a whole number, is true"),
    ({"fleets__web__size__min": 2.5}, "fleets.web.size.min: must be a whole number, is the number 2.5"),
    ({"fleets__web__size__min": -1}, "fleets.web.size.min: must be 0 to 10000, is -1"),
    ({"fleets__web__port": 80}, "fleets.web.port: must be 1024 to 65535, is 80"),
    ({"fleets__web__health__path": "healthz"}, "fleets.web.health.path: must be a path that begins with /"),
    ({"fleets__web__health__timeout": 10}, "fleets.web.health.timeout: must be less than health.interval (10), is 10"),
    ({"fleets__web__health__interval": 4}, "fleets.web.health.interval: must be 5 to 300 seconds, is 4"),
    ({"fleets__web__health__healthyThreshold": 1}, "fleets.web.health.healthyThreshold: must be 2 to 10, is 1"),
    ({"fleets__web__routes__paths": []}, "fleets.web.routes.paths: must not be empty"),
    ({"fleets__web__routes__paths": ["api"]}, "fleets.web.routes.paths[0]: must be a path pattern"),
    ({"fleets__web__routes__hosts": ["localhost"]}, "fleets.web.routes.hosts[0]: must be a host pattern"),
    (
        {"fleets__web__routes__hosts": [f"{n}.example.com" for n in "abcde"]},
        "fleets.web.routes.hosts: must be at most 4",
    ),
    ({"fleets__api": None}, "fleets.web.routes: /* is already taken by fleets.api"),
    ({"fleets__web__scaling": {"cpu": 50, "requestsPerTarget": 9}}, "takes one of cpu or requestsPerTarget, has both"),
    ({"fleets__web__scaling__cpu": 0}, "fleets.web.scaling.cpu: must be 1 to 100 percent, is 0"),
    ({"fleets__web__drain": 3601}, "fleets.web.drain: must be 0 to 3600 seconds, is 3601"),
    ({"fleets__web__volume__size": 4}, "fleets.web.volume.size: must be 8 to 16384 GiB, is 4"),
    ({"fleets__web__volume__kind": "gp3"}, "fleets.web.volume.kind: unknown setting; known here: kmsKey, size"),
    *(
        ({"fleets__web__health__codes": wrong}, "fleets.web.health.codes: must be statuses from 200 to 499")
        for wrong in ("", "ok", "200-", "399-200", "200,600", "200, 301", "100", "2000", "200;301", 301.5, True, [200])
    ),
    ({"fleets__web__volume__kmsKey": "alias/shop"}, "fleets.web.volume.kmsKey: must be the ARN of a KMS key or alias"),
    ({"fleets__web__volume__kmsKey": "arn:aws:s3:::x"}, "fleets.web.volume.kmsKey: must be the ARN of a KMS key"),
    ({"fleets__web__egress": [0]}, "fleets.web.egress[0]: must be 1 to 65535, is 0"),
    *(
        ({"fleets__web__egress": [443, given]}, f"fleets.web.egress[1]: {said}")
        for given, said in (
            (True, "must be a port, or"),
            (54.32, "must be a port, or"),
            ("all", "must be a port, or"),
            ("10.0.0.0/8", "must be a port, or"),
            (":5432", "must be a port, or"),
            ("db.internal:5432", "must be a port, or"),
            ("10.0.0.0/8:5432/udp", "must be a port, or"),
            ("10.0.0.0/8:0", "must be 1 to 65535, is 0"),
            ("10.0.0.0/8:65536", "must be 1 to 65535, is 65536"),
            (
                "10.0.0.0/8:90-80",
                "must go from the lower port to the higher, is '10.0.0.0/8:90-80'; did you mean 80-90",
            ),
            ("10.0.0.7:5432", "must be a block of addresses, is '10.0.0.7:5432'; did you mean 10.0.0.7/32?"),
            ("::/0:5432", "must be IPv4"),
            ("[2001:db8::]/32:5432", "must be IPv4"),
            ("sg-xyz:5432", "must name a security group or prefix list by its id"),
            ("sg-0123:5432", "must name a security group or prefix list by its id"),
            (443, "is there twice: 443"),
            ("0.0.0.0/0:443", "is there twice: '0.0.0.0/0:443'"),
        )
    ),
    ({"fleets__web__egress": ["10.0.0.0/8:443"]}, "fleets.web.egress: must have 443 (to everywhere)"),
    ({"fleets__web__egress": [443, *range(1000, 1060)]}, "fleets.web.egress: must be at most 60"),
    ({"fleets__web__environment": {"1A": "x"}}, "fleets.web.environment.1A: must be named as a variable name"),
    (
        {"fleets__web__environment": {"N" * 129: "x"}},
        f"fleets.web.environment.{'N' * 129}: must be named as a variable name (up to 128 ",
    ),
    ({"fleets__web__environment": {"PORT": "1"}}, "fleets.web.environment.PORT: is set by Slipway on each instance"),
    ({"fleets__web__environment": {"IFS": ","}}, "fleets.web.environment.IFS: is reserved: the shell"),
    ({"fleets__web__secrets": {"RANDOM": "1"}}, "fleets.web.secrets.RANDOM: is reserved: the shell"),
    (
        {"fleets__web__health": {"codes": "\u0662\u0660\u0660"}},
        "fleets.web.health.codes: must be statuses from 200 to 499",
    ),
    ({"fleets__web__environment": {"A": True}}, "fleets.web.environment.A: must be text, is a boolean"),
    ({"fleets__web__environment": {"A": "1"}, "fleets__web__secrets": {"A": "2"}}, "secrets.A: is in environment too"),
    ({"fleets__web__secrets": {"A": ""}}, "fleets.web.secrets.A: must not be empty"),
    ({"fleets__web__secrets": {"A": "x" * 4097}}, "fleets.web.secrets.A: must be at most 4096 bytes, is 4097"),
    ({"fleets__web__bootTimeout": 59}, "fleets.web.bootTimeout: must be 60 to 7200 seconds, is 59"),
    ({"fleets__balancer": {}}, "fleets.balancer: is what a part of the stack itself is called"),
    ({"fleets__web__egress": [5432]}, "fleets.web.egress: must have 443"),
    ({"fleets__web__alarms__latency": 0}, "fleets.web.alarms.latency: must be"),
    ({"fleets__web__rollout__timeout": 390}, "fleets.web.rollout.timeout: must be more than bootTimeout, warmup, bake"),
    (
        {"fleets__web__rollout": {"minHealthyPercentage": 50, "maxHealthyPercentage": 200}},
        "fleets.web.rollout.maxHealthyPercentage: must be at most minHealthyPercentage (50) + 100, is 200",
    ),
    ({"fleets__web__rollout__checkpoints": [50, 20, 100]}, "fleets.web.rollout.checkpoints: must ascend"),
    ({"fleets__web__rollout__checkpoints": [20, 50]}, "fleets.web.rollout.checkpoints: must end with 100"),
    (
        {"fleets__web__rollout__checkpointDelay": 9},
        "fleets.web.rollout.checkpointDelay: has no effect without checkpoints",
    ),
    ({"fleets__web__alarms__errorRate": 0}, "fleets.web.alarms.errorRate: must be more than 0 and at most 100, is 0"),
    ({"fleets__web__alarms__latency": "1s"}, "fleets.web.alarms.latency: must be a number, is the text '1s'"),
    (
        {"fleets__web__alarms__notify": [f"arn:aws:sns:eu-west-1:123456789012:t{n}" for n in range(6)]},
        "fleets.web.alarms.notify: must be at most 5 topics, are 6",
    ),
    (
        {"fleets__web__alarms__notify": ["arn:aws:sns:us-east-1:123456789012:alarms"]},
        "fleets.web.alarms.notify[0]: must be a topic of eu-west-1, the stack's region, is one of us-east-1",
    ),
    (
        {"fleets__web__alarms__notify": ["ops@example.com"]},
        "fleets.web.alarms.notify[0]: must be the ARN of an SNS topic",
    ),
    ({"fleets__web__alarm": {}}, "fleets.web.alarm: unknown setting; did you mean alarms?"),
    ({"aws:region": "Ireland"}, "aws:region: must be a region such as eu-west-1, is 'Ireland'"),
]


@pytest.mark.parametrize(("changes", "says"), BREACHES, ids=[says[:60] for _, says in BREACHES])
def test_each_breach_is_told_with_its_path(changes: dict[str, object], says: str):
    """One thing wrong gives one problem, which says where and what would do."""
    found = problems(given_with(**changes))
    assert any(says in problem for problem in found), found
    assert len(found) <= 2, found


def test_many_problems_are_told_at_once():
    """Nobody has to run it ten times to find ten mistakes."""
    mapping = given_with(
        network__cidr="10.20.0.1/16",
        network__natt="single",
        loadBalancer__http=None,
        artifacts__bucket="UPPER",
        release__directory="..",
        fleets__web__size={"min": 5, "max": 4},
        fleets__web__port="8080",
        fleets__web__instanceTypes=["huge"],
        fleets__web__health__timeout=60,
        fleets__web__environment={"PORT": "1"},
        fleets__api=None,
    )
    with pytest.raises(SettingsError) as caught:
        parse(mapping, "prod", {})
    lines = str(caught.value).splitlines()
    assert lines[0] == "prod: 12 problems in the configuration"
    assert len(lines) == 13
    assert all(line.startswith(" - ") for line in lines[1:])


def test_one_problem_is_told_in_the_singular():
    """The head is a sentence."""
    with pytest.raises(
        SettingsError, match=r"^prod: 1 problem in the configuration\n - aws:region: missing; set it with"
    ):
        parse(SMALLEST, "prod", {})


@pytest.mark.parametrize("stack", ["Prod", "prod.eu", "a" * 21, "prod-", "1"])
def test_a_stack_whose_name_is_no_part_of_a_bucket_is_refused(stack: str):
    """The stack's name is in the names of buckets, balancers and roles."""
    assert "the stack's name: must be 1 to 20 of a-z" in problems(SMALLEST, stack=stack)[0]


def test_environment_variables_stand_in_for_settings():
    """CI sets SLIPWAY_SHA and leaves the stack file alone; what the stack file says comes first."""
    environment = REGION | {"SLIPWAY_SHA": "v1", "SLIPWAY_REPOSITORY": "/r", "SLIPWAY_DIRECTORY": "site"}
    release = parse(SMALLEST, "prod", environment).release
    assert (release.sha, release.repository, release.directory) == ("v1", "/r", "site")
    assert parse(given_with(release__sha="v2"), "prod", environment).release.sha == "v2"
    assert parse(SMALLEST, "prod", REGION | {"SLIPWAY_SHA": ""}).release.sha is None
    assert "SLIPWAY_DIRECTORY: must be a path" in problems(SMALLEST, environment=REGION | {"SLIPWAY_DIRECTORY": "/"})[0]


def test_the_stack_file_decides_the_region_before_the_environment():
    """As it is with the AWS provider itself."""
    assert parse(SMALLEST | {"aws:region": "eu-central-1"}, "prod", REGION).region == "eu-central-1"
    assert parse(SMALLEST, "prod", {"AWS_DEFAULT_REGION": "us-gov-west-1"}).region == "us-gov-west-1"


def test_secrets_in_plain_text_are_refused():
    """A secret that was set without --secret would be in the repository."""
    mapping = given_with(fleets__web__secrets={"KEY": "hunter2"})
    found = problems(mapping, encrypted=[])
    assert found == [
        "fleets.web.secrets.KEY: is in plain text; encrypt it with "
        "`pulumi config set --secret --path slipway:fleets.web.secrets.KEY`"
    ]
    assert parse(mapping, "prod", REGION, encrypted=["fleets"]).fleets["web"].secrets == {"KEY": "hunter2"}


def test_secrets_are_shown_nowhere():
    """Neither the settings' repr nor a problem with a secret has its value."""
    mapping = given_with(fleets__web__secrets={"KEY": "hunter2"})
    assert "hunter2" not in repr(parse(mapping, "prod", REGION))
    bad = given_with(fleets__web__secrets={"KEY": {"nested": "hunter2"}, "PORT": "hunter2", "1": ["hunter2"]})
    assert "hunter2" not in str(problems(bad))


@pytest.mark.parametrize("value", [4, 83, 1.1, 1000.0, 12345678901234567000, 1e400, True, None])
@pytest.mark.parametrize("where", ["environment", "secrets"])
def test_what_yaml_made_of_a_value_is_not_taken_for_the_text_that_was_meant(where: str, value: object):
    """1.10 comes as 1.1 and 0123 as 83: a number, a boolean or nothing is refused, with a command that helps."""
    found = problems(given_with(**{f"fleets__web__{where}": {"A": value, "B": "1.10"}}))
    assert len(found) == 1
    assert "put it in quotes" in found[0]
    if value not in (4, None):  # `4` and `None` are in the message anyway
        assert str(value) not in found[0]


@pytest.mark.parametrize("codes", ["200", "200-399", "200,301", "200-299,401,403-404", 200])
def test_what_counts_as_healthy_is_a_setting(codes: object):
    """As an Application Load Balancer's matcher takes it."""
    assert web(health={"codes": codes}).health.codes == str(codes)


def test_a_fleet_without_instances_is_allowed():
    """A pilot light for disaster recovery has all but instances."""
    assert web(size={"min": 0, "max": 0}).size.max == 0


def test_access_logs_may_go_to_a_bucket_that_is_there():
    """Many an organisation has one for all of its balancers."""
    balancer = parse(given_with(loadBalancer__accessLogs="all-our-logs"), "prod", REGION).load_balancer
    assert (balancer.access_logs, balancer.access_logs_bucket) == (True, "all-our-logs")


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("t3.small", "x86_64"), ("t4g.nano", "arm64"), ("m7gd.16xlarge", "arm64"), ("c7gn.metal", "arm64"),
        ("g5.xlarge", "x86_64"), ("g5g.xlarge", "arm64"), ("a1.large", "arm64"), ("im4gn.large", "arm64"),
        ("u-6tb1.56xlarge", "x86_64"), ("m7i-flex.large", "x86_64"), ("m7i.metal-24xl", "x86_64"),
        ("p4de.24xlarge", "x86_64"), ("x2iedn.32xlarge", "x86_64"), ("i7ie.3xlarge", "x86_64"),
        ("t3", None), ("t3.tiny", None), ("3t.small", None), ("t3.small ", None), ("", None),
    ],
)  # fmt: skip
def test_instance_types_say_their_architecture(name: str, runs: str | None):
    """By AWS's naming: a g behind the generation is Graviton, one before it a graphics family."""
    assert architecture(name) == runs


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
KEYS = ["cidr", "zones", "nat", "domain", "http", "sha", "build", "command", "timeout", "bucket", "name", "web"]


SECTIONS = ["network", "loadBalancer", "artifacts", "release", "image", "fleets", "aws:region"]
OF_A_FLEET = [
    "process", "command", "instanceTypes", "size", "port", "health", "routes", "scaling", "drain", "volume", "egress",
    "environment", "secrets", "bootTimeout", "rollout", "alarms",
]  # fmt: skip


def ends_well(mapping: Mapping[str, object]) -> bool:
    """Whether it ends in settings or in problems; any other exception is the test's failure."""
    try:
        return bool(parse(mapping, "prod", REGION))
    except SettingsError as error:
        return bool(error.problems)


@given(st.dictionaries(st.sampled_from(SECTIONS), JSON | st.dictionaries(st.sampled_from(KEYS), JSON, max_size=4)))
def test_whatever_is_given_there_is_no_other_error(mapping: Mapping[str, object]):
    """No input ends in a traceback: it is either settings or problems."""
    assert ends_well(mapping)


@given(st.dictionaries(st.sampled_from(OF_A_FLEET), JSON))
def test_whatever_a_fleet_is_given_there_is_no_other_error(fleet: dict[str, object]):
    """Nor does any fleet's."""
    assert ends_well({"loadBalancer": {"http": True}, "fleets": {"web": fleet}})


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        ([443], ["0.0.0.0/0:443"]),
        (["1-1000", "10.0.0.0/255.0.0.0:5432"], ["0.0.0.0/0:1-1000", "10.0.0.0/8:5432"]),
        (
            [443, "sg-01234567:5432", "pl-0123456789abcdef0:80"],
            ["0.0.0.0/0:443", "sg-01234567:5432", "pl-0123456789abcdef0:80"],
        ),
    ],
)
def test_egress_names_ports_and_where_they_lead(given: list[object], rules: list[str]):
    """A port alone is everywhere; 443 may lie in a range."""
    assert [str(rule) for rule in web(egress=given).egress] == rules
