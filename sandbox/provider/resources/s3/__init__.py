"""aws.s3. Most types are a setting of a bucket: their id is the bucket's name, and putting one again changes it."""

from sandbox.provider.kit import Call, Props, Resource


class Setting(Resource):
    """A resource type that is a setting of a bucket.

    Instead of the usual functions its module has `put(s3, bucket, inputs)` and `get(s3, bucket)`, with an S3 client.
    """

    def rules(self, inputs: Props) -> list[Props]:
        """Return rules as the API has them: it wants it said that a rule without a filter is for every object."""
        return [
            {**rule, "Filter": rule.get("Filter") or {"Prefix": ""}} for rule in self.to_aws(inputs, "rules")["Rules"]
        ]

    def create(self, call: Call, inputs: Props) -> str:
        """Put the setting."""
        self._function("put")(call.client("s3"), inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(self, call: Call, id_: str, prior: Props) -> Props:
        """Return the setting."""
        return {"bucket": id_, **self._function("get")(call.client("s3"), id_)}

    def update(self, call: Call, id_: str, old: Props, new: Props, changed: set[str]) -> None:
        """Put the setting again."""
        self._function("put")(call.client("s3"), id_, new)
