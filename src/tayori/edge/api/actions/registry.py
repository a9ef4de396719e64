"""All actions with their names and what they do, as one list."""

from functools import partial
from typing import Any, Final, NamedTuple

from tayori.edge.api.actions import (
    blacklists,
    bulk_tasks,
    identities,
    receivers,
    reports,
    reviews,
    scores,
    senders,
    sending,
    status,
    templates,
    unsubscribe_configs,
)
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Action, Kind, Request


class Row(NamedTuple):
    """An action before its services are known; `run` takes services, call and request."""

    name: str
    kind: Kind
    request: type[Request]
    run: Any


READ, WRITE, SEND, REVIEW = Kind.READ, Kind.WRITE, Kind.SEND, Kind.REVIEW

SES_ROWS: Final = (
    Row(
        "CreateEmailIdentity",
        WRITE,
        identities.CreateEmailIdentityRequest,
        identities.create_email_identity,
    ),
    Row(
        "UpdateEmailIdentity",
        WRITE,
        identities.UpdateEmailIdentityRequest,
        identities.update_email_identity,
    ),
    Row("GetEmailIdentity", READ, identities.EmailIdentityRequest, identities.get_email_identity),
    Row(
        "ListEmailIdentities",
        READ,
        identities.ListEmailIdentitiesRequest,
        identities.list_email_identities,
    ),
    Row(
        "DeleteEmailIdentity",
        WRITE,
        identities.EmailIdentityRequest,
        identities.delete_email_identity,
    ),
    Row(
        "CreateEmailAddress",
        WRITE,
        senders.CreateEmailAddressRequest,
        senders.create_email_address,
    ),
    Row("ListEmailAddress", READ, senders.ListEmailAddressRequest, senders.list_email_address),
    Row(
        "DeleteEmailAddress",
        WRITE,
        senders.DeleteEmailAddressRequest,
        senders.delete_email_address,
    ),
    Row(
        "UpdateEmailSmtpPassWord",
        WRITE,
        senders.UpdateEmailSmtpPassWordRequest,
        senders.update_email_smtp_password,
    ),
    Row(
        "CreateEmailTemplate",
        WRITE,
        templates.CreateEmailTemplateRequest,
        templates.create_email_template,
    ),
    Row("GetEmailTemplate", READ, templates.TemplateRequest, templates.get_email_template),
    Row(
        "ListEmailTemplates",
        READ,
        templates.ListEmailTemplatesRequest,
        templates.list_email_templates,
    ),
    Row(
        "UpdateEmailTemplate",
        WRITE,
        templates.UpdateEmailTemplateRequest,
        templates.update_email_template,
    ),
    Row("DeleteEmailTemplate", WRITE, templates.TemplateRequest, templates.delete_email_template),
    Row("SendEmail", SEND, sending.SendEmailRequest, sending.send_email),
    Row("BatchSendEmail", SEND, bulk_tasks.BatchSendEmailRequest, bulk_tasks.batch_send_email),
    Row("ListSendTasks", READ, bulk_tasks.ListSendTasksRequest, bulk_tasks.list_send_tasks),
    Row("CreateReceiver", WRITE, receivers.CreateReceiverRequest, receivers.create_receiver),
    Row("ListReceivers", READ, receivers.ListReceiversRequest, receivers.list_receivers),
    Row("DeleteReceiver", WRITE, receivers.DeleteReceiverRequest, receivers.delete_receiver),
    Row(
        "CreateReceiverDetail",
        WRITE,
        receivers.CreateReceiverDetailRequest,
        receivers.create_receiver_detail,
    ),
    Row(
        "CreateReceiverDetailWithData",
        WRITE,
        receivers.CreateReceiverDetailWithDataRequest,
        receivers.create_receiver_detail_with_data,
    ),
    Row(
        "ListReceiverDetails",
        READ,
        receivers.ListReceiverDetailsRequest,
        receivers.list_receiver_details,
    ),
    Row(
        "CreateAddressUnsubscribeConfig",
        WRITE,
        unsubscribe_configs.AddressUnsubscribeConfigRequest,
        unsubscribe_configs.create_address_unsubscribe_config,
    ),
    Row(
        "UpdateAddressUnsubscribeConfig",
        WRITE,
        unsubscribe_configs.AddressUnsubscribeConfigRequest,
        unsubscribe_configs.update_address_unsubscribe_config,
    ),
    Row(
        "ListAddressUnsubscribeConfig",
        READ,
        unsubscribe_configs.ListAddressUnsubscribeConfigRequest,
        unsubscribe_configs.list_address_unsubscribe_config,
    ),
    Row(
        "DeleteAddressUnsubscribeConfig",
        WRITE,
        unsubscribe_configs.DeleteAddressUnsubscribeConfigRequest,
        unsubscribe_configs.delete_address_unsubscribe_config,
    ),
    Row(
        "ListBlackEmailAddress",
        READ,
        blacklists.ListBlackEmailAddressRequest,
        blacklists.list_black_email_address,
    ),
    Row("DeleteBlackList", WRITE, blacklists.DeleteBlackListRequest, blacklists.delete_black_list),
    Row(
        "CreateCustomBlacklist",
        WRITE,
        blacklists.CreateCustomBlacklistRequest,
        blacklists.create_custom_blacklist,
    ),
    Row(
        "ListCustomBlacklist",
        READ,
        blacklists.ListCustomBlacklistRequest,
        blacklists.list_custom_blacklist,
    ),
    Row(
        "UpdateCustomBlackList",
        WRITE,
        blacklists.UpdateCustomBlackListRequest,
        blacklists.update_custom_black_list,
    ),
    Row(
        "DeleteCustomBlackList",
        WRITE,
        blacklists.DeleteCustomBlackListRequest,
        blacklists.delete_custom_black_list,
    ),
    Row(
        "GetSendEmailStatus",
        READ,
        status.GetSendEmailStatusRequest,
        status.get_send_email_status,
    ),
    Row(
        "GetStatisticsReport",
        READ,
        reports.GetStatisticsReportRequest,
        reports.get_statistics_report,
    ),
    Row("GetAbuseReport", READ, reports.GetAbuseReportRequest, reports.get_abuse_report),
)

"""The actions of the original, version 2020-10-02: what official SDKs have methods for."""

OWN_ROWS: Final = (
    Row("ScoreEmailTemplate", READ, scores.ScoreEmailTemplateRequest, scores.score_email_template),
    Row("ScoreEmail", READ, scores.ScoreEmailRequest, scores.score_email),
    Row("CreateScoreAddress", WRITE, scores.CreateScoreAddressRequest, scores.create_score_address),
    Row("GetScoreAddress", READ, scores.GetScoreAddressRequest, scores.get_score_address),
    Row(
        "ListEmailTemplateReviews",
        REVIEW,
        reviews.ListEmailTemplateReviewsRequest,
        reviews.list_email_template_reviews,
    ),
    Row(
        "GetEmailTemplateReview",
        REVIEW,
        reviews.GetEmailTemplateReviewRequest,
        reviews.get_email_template_review,
    ),
    Row(
        "ApproveEmailTemplate",
        REVIEW,
        reviews.ApproveEmailTemplateRequest,
        reviews.approve_email_template,
    ),
    Row(
        "RejectEmailTemplate",
        REVIEW,
        reviews.RejectEmailTemplateRequest,
        reviews.reject_email_template,
    ),
)
"""Ours beside them, by the same protocol; no name of the original is used."""

ROWS: Final = (*SES_ROWS, *OWN_ROWS)


def build_actions(services: Services) -> tuple[Action, ...]:
    """Return every action, ready to run."""
    return tuple(
        Action(row.name, row.kind, row.request, partial(row.run, services)) for row in ROWS
    )
