"""Gateway endpoints: the routes to them come and go with the route tables they are told to serve."""

import contextlib
from typing import Any

from moto.ec2.exceptions import InvalidRouteError, InvalidRouteTableIdError
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPCEndPoint


class GatewayEndpoints(EC2Backend):
    """EC2 whose gateway endpoints keep their routes up to date.

    moto adds the routes on creation only (https://github.com/getmoto/moto/pull/4285), and then can't delete an endpoint
    that was modified; AWS adds and removes them with the route tables:
    https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcEndpoint.html
    """

    def create_vpc_endpoint(self, *args: Any, **kwargs: Any) -> VPCEndPoint:  # noqa: ANN401
        """CreateVpcEndpoint: a gateway where the call doesn't say."""
        endpoint = super().create_vpc_endpoint(*args, **kwargs)
        endpoint.vpc_endpoint_type = endpoint.vpc_endpoint_type or "Gateway"
        return endpoint

    def modify_vpc_endpoint(  # noqa: PLR0917 - moto's own
        self,
        vpc_id: str,
        policy_doc: str,
        add_subnets: list[str] | None,
        remove_subnets: list[str] | None,
        remove_route_tables: list[str] | None,
        add_route_tables: list[str] | None,
        *groups: Any,  # noqa: ANN401
        **more_groups: Any,  # noqa: ANN401
    ) -> None:
        """ModifyVpcEndpoint; `vpc_id` is the endpoint's id, as moto has it."""
        super().modify_vpc_endpoint(
            vpc_id,
            policy_doc,
            add_subnets,
            remove_subnets,
            remove_route_tables,
            add_route_tables,
            *groups,
            **more_groups,
        )
        prefix_list = self.vpc_end_points[vpc_id].destination_prefix_list_id
        if not prefix_list:
            return
        for table in add_route_tables or []:
            self.create_route(table, None, gateway_id=vpc_id, destination_prefix_list_id=prefix_list)
        self._drop_routes(remove_route_tables or [], prefix_list)

    def delete_vpc_endpoints(self, vpce_ids: list[str] | None = None) -> None:
        """DeleteVpcEndpoints: their routes go with them, where the route tables are still there."""
        for id_ in vpce_ids or []:
            endpoint = self.vpc_end_points.get(id_)
            if endpoint and endpoint.destination_prefix_list_id:
                self._drop_routes(endpoint.route_table_ids or [], endpoint.destination_prefix_list_id)
                endpoint.route_table_ids = []
        super().delete_vpc_endpoints(vpce_ids)

    def _drop_routes(self, tables: list[str], prefix_list: str) -> None:
        for table in tables:
            with contextlib.suppress(InvalidRouteError, InvalidRouteTableIdError):
                self.delete_route(table, prefix_list)
