"""Programs that send one mail, in several languages, with an account's values filled in (pure).

Only values that mean nothing special in any of these languages are filled in; for others, and for
what the account does not have yet, a word in capitals stands in their place. The SecretKey is read
from the environment, so that it never stands in a program.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tayori.edge.console.pages.start.curl import CURL

KEY_VARIABLE: Final = "TAYORI_SECRET_KEY"
_NAME: Final = re.compile(r"[\w.-]{1,128}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9.@:\[\]_+-]{1,254}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What is filled in. `endpoint` is host and port without scheme; `variables` are names."""

    endpoint: str
    secure: bool
    sender: str = ""
    secret_id: str = ""
    template_id: int = 0
    variables: Sequence[str] = ()
    to: str = "ann@example.com"

    def filled(self, text: str) -> str:
        """Return a program with these values in the places of its words in capitals."""
        data = json.dumps({name: "Ann" for name in self.variables if _NAME.fullmatch(name)})
        values = {
            "@ENDPOINT@": _plain(self.endpoint, "ENDPOINT"),
            "@SCHEME@": "https" if self.secure else "http",
            "@SENDER@": _plain(self.sender, "SENDER"),
            "@SECRET_ID@": _plain(self.secret_id, "SECRET_ID"),
            "@TEMPLATE_ID@": str(self.template_id or "TEMPLATE_ID"),
            "@DATA@": data,
            "@QUOTED_DATA@": json.dumps(data),
            "@TO@": _plain(self.to, "RECIPIENT"),
            "@KEY@": KEY_VARIABLE,
        }
        for hole, value in values.items():
            text = text.replace(hole, value)
        return text


@dataclass(frozen=True, slots=True)
class Guide:
    """How one language sends: its name, how its library is installed ("" for none), a program."""

    name: str
    install: str
    program: str


def _plain(value: str, instead: str) -> str:
    return value if _PLAIN.fullmatch(value) else instead


_PYTHON: Final = """\
import os

from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ses.v20201002 import models, ses_client

profile = ClientProfile(httpProfile=HttpProfile(protocol="@SCHEME@", endpoint="@ENDPOINT@"))
credential = Credential("@SECRET_ID@", os.environ["@KEY@"])
client = ses_client.SesClient(credential, "ap-guangzhou", profile)

request = models.SendEmailRequest()
request.FromEmailAddress = "@SENDER@"
request.Destination = ["@TO@"]
request.Subject = "Hello"
request.Template = models.Template()
request.Template.TemplateID = @TEMPLATE_ID@
request.Template.TemplateData = '@DATA@'
print(client.SendEmail(request).MessageId)
"""
_NODE: Final = """\
const { ses } = require("tencentcloud-sdk-nodejs-ses");

const client = new ses.v20201002.Client({
  credential: { secretId: "@SECRET_ID@", secretKey: process.env.@KEY@ },
  region: "ap-guangzhou",
  profile: { httpProfile: { protocol: "@SCHEME@://", endpoint: "@ENDPOINT@" } },
});

client
  .SendEmail({
    FromEmailAddress: "@SENDER@",
    Destination: ["@TO@"],
    Subject: "Hello",
    Template: { TemplateID: @TEMPLATE_ID@, TemplateData: '@DATA@' },
  })
  .then((answer) => console.log(answer.MessageId))
  .catch((error) => {
    console.error(error.code, error.message);
    process.exit(1);
  });
"""
_GO: Final = """\
package main

import (
	"fmt"
	"log"
	"os"

	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common"
	"github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common/profile"
	ses "github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/ses/v20201002"
)

func main() {
	settings := profile.NewClientProfile()
	settings.HttpProfile.Scheme = "@SCHEME@"
	settings.HttpProfile.Endpoint = "@ENDPOINT@"
	credential := common.NewCredential("@SECRET_ID@", os.Getenv("@KEY@"))
	client, err := ses.NewClient(credential, "ap-guangzhou", settings)
	if err != nil {
		log.Fatal(err)
	}
	request := ses.NewSendEmailRequest()
	request.FromEmailAddress = common.StringPtr("@SENDER@")
	request.Destination = common.StringPtrs([]string{"@TO@"})
	request.Subject = common.StringPtr("Hello")
	request.Template = &ses.Template{
		TemplateID:   common.Uint64Ptr(@TEMPLATE_ID@),
		TemplateData: common.StringPtr(`@DATA@`),
	}
	answer, err := client.SendEmail(request)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(*answer.Response.MessageId)
}
"""
_JAVA: Final = """\
import com.tencentcloudapi.common.Credential;
import com.tencentcloudapi.common.profile.ClientProfile;
import com.tencentcloudapi.common.profile.HttpProfile;
import com.tencentcloudapi.ses.v20201002.SesClient;
import com.tencentcloudapi.ses.v20201002.models.SendEmailRequest;
import com.tencentcloudapi.ses.v20201002.models.Template;

public class Send {
    public static void main(String[] arguments) throws Exception {
        HttpProfile http = new HttpProfile();
        http.setProtocol("@SCHEME@://");
        http.setEndpoint("@ENDPOINT@");
        ClientProfile profile = new ClientProfile();
        profile.setHttpProfile(http);
        Credential credential = new Credential("@SECRET_ID@", System.getenv("@KEY@"));
        SesClient client = new SesClient(credential, "ap-guangzhou", profile);

        Template template = new Template();
        template.setTemplateID(@TEMPLATE_ID@L);
        template.setTemplateData(@QUOTED_DATA@);
        SendEmailRequest request = new SendEmailRequest();
        request.setFromEmailAddress("@SENDER@");
        request.setDestination(new String[] {"@TO@"});
        request.setSubject("Hello");
        request.setTemplate(template);
        System.out.println(client.SendEmail(request).getMessageId());
    }
}
"""
_PHP: Final = """\
<?php
require "vendor/autoload.php";

use TencentCloud\\Common\\Credential;
use TencentCloud\\Common\\Profile\\ClientProfile;
use TencentCloud\\Common\\Profile\\HttpProfile;
use TencentCloud\\Ses\\V20201002\\Models\\SendEmailRequest;
use TencentCloud\\Ses\\V20201002\\SesClient;

$http = new HttpProfile();
$http->setProtocol("@SCHEME@://");
$http->setEndpoint("@ENDPOINT@");
$profile = new ClientProfile();
$profile->setHttpProfile($http);
$credential = new Credential("@SECRET_ID@", getenv("@KEY@"));
$client = new SesClient($credential, "ap-guangzhou", $profile);

$request = new SendEmailRequest();
$request->deserialize([
    "FromEmailAddress" => "@SENDER@",
    "Destination" => ["@TO@"],
    "Subject" => "Hello",
    "Template" => ["TemplateID" => @TEMPLATE_ID@, "TemplateData" => '@DATA@'],
]);
echo $client->SendEmail($request)->getMessageId(), PHP_EOL;
"""
GUIDES: Final[Mapping[str, Guide]] = {
    "python": Guide("Python", "pip install tencentcloud-sdk-python-ses", _PYTHON),
    "node": Guide("Node.js", "npm install tencentcloud-sdk-nodejs-ses", _NODE),
    "go": Guide(
        "Go",
        "go get github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/common \\\n"
        "  github.com/tencentcloud/tencentcloud-sdk-go/tencentcloud/ses",
        _GO,
    ),
    "java": Guide(
        "Java", "implementation 'com.tencentcloudapi:tencentcloud-sdk-java-ses:3.1.+'", _JAVA
    ),
    "php": Guide("PHP", "composer require tencentcloud/ses", _PHP),
    "curl": Guide("curl", "", CURL),
}
"""In the order of the tabs; SMTP has a tab of its own behind them."""
