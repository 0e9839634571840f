"""The provider as the engine sees it: its protocol, over gRPC, in front of an emulator."""

from __future__ import annotations

import json
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import moto.settings
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2 as pb

from sandbox.provider.properties import UNKNOWN, decode, encode
from tests.sandbox.provider.conftest import Clients
from tests.sandbox.provider.protocol import Connection, half_made

pytestmark = pytest.mark.sandbox

VPC = "aws:ec2/vpc:Vpc"
BUCKET = "aws:s3/bucket:Bucket"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
PARAMETER = "aws:ssm/parameter:Parameter"
ROLE = "aws:iam/role:Role"
TRUST = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}


def test_handshake_says_what_the_provider_can_take(provider: Connection):
    """Secrets reach the provider as secrets, previews are its own, and it tells the version it stands in for."""
    reply = provider.configure(region="eu-central-1")
    assert (reply.acceptSecrets, reply.supportsPreview) == (True, True)
    schema = json.loads(provider.stub.GetSchema(pb.GetSchemaRequest()).schema)
    assert schema["version"] == "7.51.1"
    assert "tags" in schema["resources"][VPC]["inputProperties"]


def test_check_fills_in_defaults_a_name_and_the_region(provider: Connection):
    """What the program leaves out is filled in as upstream does, and a made name is kept."""
    inputs, _ = provider.check(BUCKET, "Artifacts", {})
    assert inputs["bucket"].startswith("artifacts-")
    assert (inputs["forceDestroy"], inputs["region"]) == (False, "eu-central-1")
    again, _ = provider.check(BUCKET, "Artifacts", {}, olds=inputs, seed=b"another")
    assert again["bucket"] == inputs["bucket"]
    prefixed, _ = provider.check(BUCKET, "Artifacts", {"bucketPrefix": "x-"}, olds=inputs)
    assert prefixed["bucket"].startswith("x-")


def test_check_names_every_problem(provider: Connection):
    """An unknown property, a missing one and one of the wrong type are refused together, at any depth."""
    news = {"vpcId": "vpc-1", "healthCheck": {"pth": "/"}, "deregistrationDelay": "soon", "colour": "red"}
    _, failures = provider.check("aws:lb/targetGroup:TargetGroup", "web", news)
    assert set(failures) == {"healthCheck.pth", "deregistrationDelay", "colour"}
    assert "healthyThreshold" in failures["healthCheck.pth"]
    _, failures = provider.check("aws:ec2/subnet:Subnet", "a", {})
    assert failures == {"vpcId": "missing, and required"}


def test_unknown_type_is_an_error_that_lists_the_known_ones(provider: Connection):
    """A type that is not in the table says so, and what is."""
    with pytest.raises(grpc.RpcError) as raised:
        provider.check("aws:rds/instance:Instance", "db", {})
    said = raised.value.details() or ""
    assert "does not know the resource type aws:rds/instance:Instance" in said
    assert VPC in said


def test_preview_passes_unknowns_through(provider: Connection):
    """In a preview what is not known stays unknown, and so does what only AWS can tell."""
    state = provider.preview("aws:ec2/subnet:Subnet", "a", {"vpcId": UNKNOWN, "cidrBlock": "10.0.0.0/24"})
    assert state["vpcId"] is UNKNOWN
    assert state["arn"] is UNKNOWN
    assert state["availabilityZone"] is UNKNOWN
    assert state["cidrBlock"] == "10.0.0.0/24"
    assert state["region"] == "eu-central-1"


def test_preview_of_a_template_knows_what_makes_a_version(provider: Connection):
    """The latest version is unknown in a preview just where the update would make one."""
    data = {"imageId": "ami-1", "instanceType": "t3.small", "updateDefaultVersion": True}
    made = provider.create(TEMPLATE, "web", data)
    assert made.state["latestVersion"] == 1
    tagged = provider.update(made, {**data, "tags": {"a": "b"}}, preview=True)
    assert (tagged.state["latestVersion"], tagged.state["defaultVersion"]) == (1, 1)
    changed = provider.update(made, {**data, "imageId": "ami-2"}, preview=True)
    assert (changed.state["latestVersion"], changed.state["defaultVersion"]) == (UNKNOWN, UNKNOWN)
    assert provider.update(made, {**data, "imageId": "ami-2"}).state["latestVersion"] == 2
    provider.delete(made)


def test_diff_tells_replacement_from_update(provider: Connection):
    """The detailed diff says for each path whether it replaces; an unknown is a difference."""
    made = provider.create(VPC, "main", {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "x", "a.b": "1"}})
    same, _ = provider.diff(made, {"cidrBlock": "10.0.0.0/16", "tags": {"Name": "x", "a.b": "1"}})
    assert same.changes == pb.DiffResponse.DIFF_NONE
    reply, _ = provider.diff(made, {"cidrBlock": "10.1.0.0/16", "tags": {"Name": UNKNOWN, "c": "2"}})
    kinds = {path: pb.PropertyDiff.Kind.Name(d.kind) for path, d in reply.detailedDiff.items()}
    assert kinds == {
        "cidrBlock": "UPDATE_REPLACE",
        "tags.Name": "UPDATE",
        'tags["a.b"]': "DELETE",
        "tags.c": "ADD",
    }
    assert list(reply.replaces) == ["cidrBlock"]
    assert not reply.deleteBeforeReplace
    provider.delete(made)


def test_replacement_of_a_fixed_name_deletes_first(provider: Connection):
    """Two roles of one name cannot be: what the program names itself goes before its successor comes."""
    trust = json.dumps(TRUST)
    fixed = provider.create(ROLE, "fixed", {"name": "fixed", "assumeRolePolicy": trust})
    made = provider.create(ROLE, "made", {"assumeRolePolicy": trust})
    assert provider.diff(fixed, {"name": "fixed", "assumeRolePolicy": trust, "path": "/x/"})[0].deleteBeforeReplace
    assert not provider.diff(made, {"assumeRolePolicy": trust, "path": "/x/"})[0].deleteBeforeReplace
    provider.delete(fixed)
    provider.delete(made)


def test_policies_compare_by_meaning(provider: Connection):
    """Spacing, order of keys, and a list of one instead of a value are no difference; another action is."""
    made = provider.create(ROLE, "web", {"assumeRolePolicy": json.dumps(TRUST)})
    respelt: dict[str, Any] = {"Statement": {"Action": ["sts:AssumeRole"], "Effect": "Allow"}, "Version": "2012-10-17"}
    reply, _ = provider.diff(made, {"assumeRolePolicy": json.dumps(respelt, indent=2)})
    assert reply.changes == pb.DiffResponse.DIFF_NONE
    respelt["Statement"]["Action"] = ["sts:AssumeRole", "sts:TagSession"]
    reply, _ = provider.diff(made, {"assumeRolePolicy": json.dumps(respelt)})
    assert list(reply.diffs) == ["assumeRolePolicy"]
    provider.delete(made)


def test_what_aws_decides_is_never_diffed_when_unset(provider: Connection):
    """A group whose desired capacity the program leaves alone shows no difference when scaling moves it."""
    template = provider.create(TEMPLATE, "web", {"imageId": "ami-12c6146b", "instanceType": "t3.small"})
    news = {
        "minSize": 1,
        "maxSize": 3,
        "availabilityZones": ["eu-central-1a"],
        "launchTemplate": {"id": template.id, "version": "1"},
    }
    group = provider.create("aws:autoscaling/group:Group", "web", news)
    group.state["desiredCapacity"] = 3
    assert provider.diff(group, news)[0].changes == pb.DiffResponse.DIFF_NONE
    assert list(provider.diff(group, {**news, "desiredCapacity": 2})[0].diffs) == ["desiredCapacity"]
    provider.delete(group)
    assert provider.read(group) is None
    provider.delete(template)


def test_secrets_stay_secret(provider: Connection):
    """A parameter's value comes back as a secret, and so does any property that was sent as one."""
    made = provider.create(PARAMETER, "key", {"type": "SecureString", "value": "hunter2", "name": "/k"})
    request = pb.ReadRequest(id=made.id, urn=made.urn, type=made.type, name=made.name)
    reply = provider.stub.Read(request)
    assert decode(reply.properties).secrets == {"value"}
    assert decode(reply.properties).values["value"] == "hunter2"
    inputs, _ = provider.check(VPC, "v", {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}, secrets=["tags"])
    assert inputs["tags"] == {"a": "b"}
    provider.delete(made)


def test_failure_after_the_creation_keeps_the_resource(provider: Connection, aws: Clients):
    """A later step that fails leaves the resource in the state, with the reason, and the next update finishes it."""
    profile = "aws:iam/instanceProfile:InstanceProfile"
    news = {"name": "web", "role": "nobody"}
    with pytest.raises(grpc.RpcError) as raised:
        provider.create(profile, "web", news)
    said = raised.value.details() or ""
    assert "creating aws:iam/instanceProfile:InstanceProfile 'web'" in said
    assert "NoSuchEntity" in said
    assert "Traceback" not in said
    detail = half_made(raised.value)
    assert detail.id == "web"
    made = provider.read_reply(profile, "web", detail.id, decode(detail.properties).values, news)
    assert made is not None
    role = provider.create(ROLE, "nobody", {"name": "nobody", "assumeRolePolicy": json.dumps(TRUST)})
    made.inputs = provider.check(profile, "web", news)[0]
    assert provider.update(made, news).state["role"] == "nobody"
    provider.delete(made)
    provider.delete(role)


def test_what_is_gone_reads_as_gone_and_deletes_without_error(provider: Connection, aws: Clients):
    """Somebody else's deletion is found by a read, and is no obstacle to one's own."""
    made = provider.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    aws("ec2").delete_vpc(VpcId=made.id)
    assert provider.read(made) is None
    provider.delete(made)


def test_bucket_with_versions_is_emptied_only_when_forced(provider: Connection, aws: Clients):
    """Every version and delete marker goes with forceDestroy; without it AWS's refusal is shown."""
    made = provider.create(BUCKET, "store", {"bucket": "store"})
    s3 = aws("s3")
    s3.put_bucket_versioning(Bucket="store", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="store", Key="k", Body=body)
    s3.delete_object(Bucket="store", Key="k")
    with pytest.raises(grpc.RpcError, match="BucketNotEmpty"):
        provider.delete(made)
    provider.delete(provider.update(made, {"bucket": "store", "forceDestroy": True}))
    assert provider.read(made) is None


def test_import_gives_inputs_that_show_no_difference(provider: Connection, aws: Clients):
    """A resource known by its id alone is read into inputs that a program can repeat."""
    vpc = aws("ec2").create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    aws("ec2").create_tags(Resources=[vpc], Tags=[{"Key": "Name", "Value": "old"}])
    made = provider.read_reply(VPC, "main", vpc)
    assert made is not None
    assert (made.inputs["cidrBlock"], made.inputs["tags"]) == ("10.7.0.0/16", {"Name": "old"})
    reply, _ = provider.diff(made, {"cidrBlock": "10.7.0.0/16", "tags": {"Name": "old"}})
    assert reply.changes == pb.DiffResponse.DIFF_NONE
    provider.delete(made)


def test_import_of_a_group_shows_no_difference(provider: Connection):
    """What AWS decides is part of an import, so that a program that says it too agrees with it."""
    template = provider.create(TEMPLATE, "web", {"imageId": "ami-12c6146b", "instanceType": "t3.small"})
    news = {
        "name": "imported",
        "minSize": 0,
        "maxSize": 3,
        "availabilityZones": ["eu-central-1a"],
        "launchTemplate": {"id": template.id, "version": "1"},
    }
    group = provider.create("aws:autoscaling/group:Group", "web", news)
    imported = provider.read_reply(group.type, "web", group.id)
    assert imported is not None
    assert provider.diff(imported, news)[0].changes == pb.DiffResponse.DIFF_NONE
    provider.delete(imported)
    provider.delete(template)


def test_cancel_ends_a_wait(provider: Connection, monkeypatch: pytest.MonkeyPatch):
    """A certificate that is never validated is waited for until the engine cancels, and no longer."""
    monkeypatch.setattr(moto.settings, "ACM_VALIDATION_WAIT", 3600)
    news = {"domainName": "example.com", "validationMethod": "DNS"}
    certificate = provider.create("aws:acm/certificate:Certificate", "web", news)
    validation = "aws:acm/certificateValidation:CertificateValidation"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(provider.create, validation, "web", {"certificateArn": certificate.id})
        provider.stub.Cancel(Empty())
        with pytest.raises(grpc.RpcError, match="cancelled while waiting for certificate"):
            waiting.result(10)
    provider.delete(certificate)


def test_drift_becomes_inputs(provider: Connection, aws: Clients):
    """What was changed by hand shows in state and inputs, so that the next preview puts it right."""
    news = {"type": "String", "value": "one", "name": "/drift"}
    made = provider.create(PARAMETER, "p", news)
    unchanged = provider.read(made)
    assert unchanged is not None
    assert unchanged.state == made.state
    aws("ssm").put_parameter(Name="/drift", Value="two", Overwrite=True)
    aws("ssm").add_tags_to_resource(
        ResourceType="Parameter", ResourceId="/drift", Tags=[{"Key": "by", "Value": "hand"}]
    )
    drifted = provider.read(made)
    assert drifted is not None
    assert (drifted.inputs["value"], drifted.inputs["tags"]) == ("two", {"by": "hand"})
    reply, _ = provider.diff(drifted, news)
    assert sorted(reply.diffs) == ["tags", "value"]
    mended = provider.update(drifted, news)
    assert (mended.state["value"], mended.state.get("tags", {})) == ("one", {})
    provider.delete(mended)


def test_a_rule_in_the_default_group_is_drift(provider: Connection, aws: Clients):
    """The default group is kept empty: what somebody lets in by hand is found, and the next update removes it."""
    vpc = provider.create(VPC, "main", {"cidrBlock": "10.0.0.0/16"})
    news = {"vpcId": vpc.id, "ingress": [], "egress": []}
    group = provider.create("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "default", news)
    assert (group.state["ingress"], group.state["egress"]) == ([], [])
    opened = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    aws("ec2").authorize_security_group_ingress(GroupId=group.id, IpPermissions=[opened])
    drifted = provider.read(group)
    assert drifted is not None
    assert list(provider.diff(drifted, news)[0].diffs) == ["ingress"]
    assert provider.update(drifted, news).state["ingress"] == []
    _, failures = provider.check(
        group.type, "default", {**news, "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0}]}
    )
    assert set(failures) == {"egress"}
    provider.delete(group)
    provider.delete(vpc)


@pytest.mark.parametrize("changed", [{"setIdentifier": "green"}, {"type": "AAAA", "records": ["::1"]}])
def test_the_identity_of_a_record_changes_in_place(provider: Connection, aws: Clients, changed: dict[str, Any]):
    """As upstream: the old record goes and the new one comes in one change, without a replacement."""
    made = aws("route53").create_hosted_zone(Name="slipway.test", CallerReference=str(changed))["HostedZone"]
    zone = made["Id"].rsplit("/", 1)[1]
    weight = {"weightedRoutingPolicies": [{"weight": 1}], "setIdentifier": "blue"}
    news = {"zoneId": zone, "name": "www", "type": "A", "ttl": 60, "records": ["127.0.0.1"], **weight}
    record = provider.create("aws:route53/record:Record", "www", news)
    reply, _ = provider.diff(record, {**news, **changed})
    assert (sorted(reply.diffs), list(reply.replaces)) == (sorted(changed), [])
    provider.update(record, {**news, **changed})
    listed = aws("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    found = [(r["Type"], r["SetIdentifier"]) for r in listed if r["Name"] == "www.slipway.test."]
    assert found == [(changed.get("type", "A"), changed.get("setIdentifier", "blue"))]


def test_a_parameter_that_was_kept_is_taken_over(provider: Connection, aws: Clients):
    """What one stack left behind is no obstacle: the value is a new version, earlier ones stay readable by number."""
    kept = {"name": "/slipway/shop/web/KEY", "type": "SecureString", "value": "old", "overwrite": True}
    provider.create(PARAMETER, "key", kept)  # and leaves the state without being deleted
    made = provider.create(PARAMETER, "key", {**kept, "value": "new", "tags": {"slipway:stack": "shop"}})
    assert (made.state["version"], made.state["tags"]) == (2, {"slipway:stack": "shop"})
    first = aws("ssm").get_parameters(Names=["/slipway/shop/web/KEY:1"], WithDecryption=True)["Parameters"]
    assert first[0]["Value"] == "old"
    provider.delete(made)


def test_the_hundred_and_first_version_of_a_parameter_costs_the_first(provider: Connection, aws: Clients):
    """As AWS documents it (ParameterMaxVersionLimitExceeded): a release that names version 1 can't boot any more."""
    news = {"name": "/many", "type": "SecureString", "overwrite": True}
    made = provider.create(PARAMETER, "many", {**news, "value": "1"})
    for number in range(2, 102):
        aws("ssm").put_parameter(Name="/many", Value=str(number), Type="SecureString", Overwrite=True)
    shown = aws("ssm").get_parameters(Names=["/many:1", "/many:2"], WithDecryption=True)
    assert shown["InvalidParameters"] == ["/many:1"]
    assert [found["Value"] for found in shown["Parameters"]] == ["2"]
    provider.delete(made)


def test_each_connection_has_its_own_region_and_tags(port: int, aws: Clients):
    """Explicit providers of other regions are other connections; a resource may also name its region itself."""
    with Connection(port) as here, Connection(port) as there:
        here.configure(region="eu-central-1")
        there.configure(region="us-east-1", defaultTags=json.dumps({"tags": {"team": "a"}}))
        first = here.create(VPC, "v", {"cidrBlock": "10.0.0.0/16"})
        second = there.create(VPC, "v", {"cidrBlock": "10.0.0.0/16", "tags": {"x": "y"}})
        third = here.create(VPC, "v", {"cidrBlock": "10.0.0.0/16", "region": "eu-west-1"})
        assert [m.state["region"] for m in (first, second, third)] == ["eu-central-1", "us-east-1", "eu-west-1"]
        assert second.state["tagsAll"] == {"team": "a", "x": "y"}
        assert "tags" not in first.inputs
        assert aws("ec2", "eu-west-1").describe_vpcs(VpcIds=[third.id])["Vpcs"]
        assert here.invoke("aws:index/getRegion:getRegion")["region"] == "eu-central-1"
        here.delete(second)  # the state says where it is
        assert there.read(second) is None
        here.delete(first)
        here.delete(third)


def test_configuration_that_would_have_no_effect_is_refused(provider: Connection):
    """A setting that the provider cannot honour is an error, not silence; so is a wrong account."""
    request = pb.CheckRequest(urn="urn:p", news=encode({"region": "x", "assumeRoles": "[]"}))
    assert [f.property for f in provider.stub.CheckConfig(request).failures] == ["assumeRoles"]
    with pytest.raises(grpc.RpcError, match="not among allowedAccountIds"):
        provider.configure(region="eu-central-1", allowedAccountIds='["999999999999"]')


def test_what_a_browser_speaks_is_not_answered(port: int):
    """HTTP/1.1, all that a web page can send to a port without TLS, ends in a closed connection: gRPC is HTTP/2."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        path = "/pulumirpc.ResourceProvider/Configure"
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 0\r\n\r\n".encode())
        said = b""
        while chunk := connection.recv(4096):
            said += chunk
    assert not said.startswith(b"HTTP/1")
