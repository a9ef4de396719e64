# ruff: noqa: RUF001 - Chinese and Japanese are written with their own punctuation
"""The sentence of every finding in English, Chinese and Japanese, by the finding's code."""

from typing import Final

SENTENCES: Final[dict[str, dict[str, str]]] = {
    "right": {
        "en": "The record is right.",
        "zh": "该记录正确。",
        "ja": "このレコードは正しく設定されています。",
    },
    "not_looked": {
        "en": "Nobody has looked for this record yet.",
        "zh": "尚未检测该记录。",
        "ja": "このレコードはまだ確認されていません。",
    },
    "no_answer": {
        "en": "The name servers gave no usable answer ({detail}). Nothing was changed; "
        "it will be looked for again.",
        "zh": "域名服务器没有给出可用的应答（{detail}）。状态未改变，稍后会再次检测。",
        "ja": "ネームサーバーから有効な応答がありません（{detail}）。"
        "状態は変わりません。後で再確認します。",
    },
    "no_such_name": {
        "en": "{name} does not exist in the DNS. Add the record; it can take hours to be seen.",
        "zh": "DNS 中不存在 {name}。请添加该记录，生效可能需要数小时。",
        "ja": "{name} は DNS に存在しません。レコードを追加してください。"
        "反映に数時間かかることがあります。",
    },
    "no_record": {
        "en": "{name} has no such {type} record. Add it; it can take hours to be seen.",
        "zh": "{name} 没有所需的 {type} 记录。请添加，生效可能需要数小时。",
        "ja": "{name} に該当する {type} レコードがありません。追加してください。"
        "反映に数時間かかることがあります。",
    },
    "mx_other_host": {
        "en": "The MX records name {hosts}, and not {expected}.",
        "zh": "MX 记录指向 {hosts}，而不是 {expected}。",
        "ja": "MX レコードは {hosts} を指しており、{expected} ではありません。",
    },
    "mx_own_host": {
        "en": "{hosts} is accepted because this domain is set to forward our mail.",
        "zh": "该域名已设置为转发，因此接受 {hosts}。",
        "ja": "このドメインは転送設定のため、{hosts} を受け入れます。",
    },
    "mx_null": {
        "en": "The MX record says that {name} accepts no mail at all. Replace it.",
        "zh": "MX 记录声明 {name} 不接收任何邮件，请替换。",
        "ja": "MX レコードは {name} がメールを受け取らないと宣言しています。置き換えてください。",
    },
    "mx_not_first": {
        "en": "{hosts} is preferred to {expected}, so bounces and complaints do not reach us.",
        "zh": "{hosts} 的优先级高于 {expected}，退信和投诉将无法到达本服务。",
        "ja": "{hosts} が {expected} より優先されるため、バウンスや苦情が届きません。",
    },
    "mx_mailbox_service": {
        "en": "The domain's mailboxes are at {service}: keep that MX, and use a sub-domain such as "
        "mail.{domain} for sending.",
        "zh": "该域名的邮箱由 {service} 提供：请保留其 MX，"
        "并使用子域名（例如 mail.{domain}）发信。",
        "ja": "このドメインのメールボックスは {service} にあります。その MX は残し、送信には "
        "mail.{domain} のようなサブドメインを使ってください。",
    },
    "spf_several": {
        "en": "There are {count} SPF records and only one is allowed. Merge them: {suggestion}",
        "zh": "存在 {count} 条 SPF 记录，只允许一条。请合并为：{suggestion}",
        "ja": "SPF レコードが {count} 件あります。一つにまとめてください: {suggestion}",
    },
    "spf_syntax": {
        "en": "The SPF record of {name} has an error at “{term}”, so receivers ignore all of it.",
        "zh": "{name} 的 SPF 记录在“{term}”处有语法错误，收件方会忽略整条记录。",
        "ja": "{name} の SPF レコードは「{term}」に誤りがあり、全体が無効になります。",
    },
    "spf_not_included": {
        "en": "The SPF record does not include {include}. Change it to: {suggestion}",
        "zh": "SPF 记录未包含 {include}。请改为：{suggestion}",
        "ja": "SPF レコードに {include} が含まれていません。次のように変更してください: "
        "{suggestion}",
    },
    "spf_not_passing": {
        "en": "The SPF record names {include} but does not let it pass. Change it to: {suggestion}",
        "zh": "SPF 记录提到 {include} 但未允许其通过。请改为：{suggestion}",
        "ja": "SPF レコードは {include} を許可していません。次のように変更してください: "
        "{suggestion}",
    },
    "spf_after_all": {
        "en": "{include} stands behind “all”, where nobody looks. Change it to: {suggestion}",
        "zh": "{include} 位于“all”之后，不会被读取。请改为：{suggestion}",
        "ja": "{include} は「all」の後ろにあり、参照されません。次のように変更してください: "
        "{suggestion}",
    },
    "spf_include_broken": {
        "en": "The SPF record includes {name}, which has no SPF record of its own; receivers stop "
        "there with an error.",
        "zh": "SPF 记录包含 {name}，但其没有 SPF 记录；收件方会在此处报错停止。",
        "ja": "SPF レコードが含む {name} に SPF レコードがなく、受信側はそこでエラーになります。",
    },
    "spf_loop": {
        "en": "The SPF record comes back to {name} and never ends.",
        "zh": "SPF 记录循环引用 {name}。",
        "ja": "SPF レコードが {name} に戻り、循環しています。",
    },
    "spf_too_many_lookups": {
        "en": "The SPF record needs {count} DNS look-ups before it is through with {include}; "
        "{limit} are allowed. Put our include first.",
        "zh": "SPF 记录在处理完 {include} 之前需要 {count} 次 DNS 查询，"
        "上限为 {limit} 次。请将其放在最前面。",
        "ja": "SPF レコードは {include} までに {count} 回の DNS 照会が必要です（上限 {limit} 回）。"
        "先頭に置いてください。",
    },
    "spf_lookups_high": {
        "en": "The whole SPF record needs {count} DNS look-ups; {limit} are allowed. Mail from "
        "your other servers may fail.",
        "zh": "整条 SPF 记录需要 {count} 次 DNS 查询，上限为 {limit} 次。"
        "您其他服务器的邮件可能无法通过。",
        "ja": "SPF レコード全体で {count} 回の DNS 照会が必要です（上限 {limit} 回）。"
        "他のサーバーからのメールが失敗する可能性があります。",
    },
    "spf_void_lookups": {
        "en": "{count} DNS look-ups of the SPF record find nothing ({names}); {limit} are allowed. "
        "Remove them.",
        "zh": "SPF 记录中有 {count} 次 DNS 查询无结果（{names}），上限为 {limit} 次，请删除。",
        "ja": "SPF レコードの DNS 照会のうち {count} 回は結果がありません（{names}、上限 {limit} "
        "回）。削除してください。",
    },
    "spf_not_counted": {
        "en": "Not every part of the SPF record could be looked up now ({names}).",
        "zh": "目前无法查询 SPF 记录的全部内容（{names}）。",
        "ja": "SPF レコードの一部を現在照会できません（{names}）。",
    },
    "spf_ours_empty": {
        "en": "{include} has no valid SPF record itself: the operator of this service must "
        "publish it.",
        "zh": "{include} 本身没有有效的 SPF 记录，需由本服务的运营者发布。",
        "ja": "{include} に有効な SPF レコードがありません。"
        "サービス運営者が公開する必要があります。",
    },
    "spf_allows_all": {
        "en": "“+all” lets every machine send in this domain's name. End the record with ~all.",
        "zh": "“+all”允许任何主机以该域名发信。请以 ~all 结尾。",
        "ja": "「+all」は誰にでも送信を許可します。末尾を ~all にしてください。",
    },
    "spf_mailbox_service": {
        "en": "The SPF record also allows {service}: keep both in the one record.",
        "zh": "SPF 记录还允许 {service}：请在同一条记录中同时保留两者。",
        "ja": "SPF レコードは {service} も許可しています。一つのレコードに両方を残してください。",
    },
    "dmarc_several": {
        "en": "{name} has {count} DMARC records, which count as none. Keep one.",
        "zh": "{name} 有 {count} 条 DMARC 记录，视为没有。请只保留一条。",
        "ja": "{name} に DMARC レコードが {count} 件あり、無効になります。一つだけ残してください。",
    },
    "dmarc_no_policy": {
        "en": "The DMARC record has no policy. Add p=none, p=quarantine or p=reject.",
        "zh": "DMARC 记录缺少策略。请添加 p=none、p=quarantine 或 p=reject。",
        "ja": "DMARC レコードにポリシーがありません。p=none、p=quarantine、p=reject "
        "のいずれかを追加してください。",
    },
    "dmarc_bad_policy": {
        "en": "“p={policy}” is no DMARC policy. Use p=none, p=quarantine or p=reject.",
        "zh": "“p={policy}”不是有效的 DMARC 策略。请使用 p=none、p=quarantine 或 p=reject。",
        "ja": "「p={policy}」は DMARC ポリシーではありません。p=none、p=quarantine、p=reject "
        "のいずれかにしてください。",
    },
    "dmarc_inherited": {
        "en": "The DMARC record of {domain} applies here as well.",
        "zh": "{domain} 的 DMARC 记录同样适用于此域名。",
        "ja": "{domain} の DMARC レコードがここにも適用されます。",
    },
    "dmarc_of_suffix": {
        "en": "Only the registry of {domain} has a DMARC record; add one of your own.",
        "zh": "只有注册局 {domain} 有 DMARC 记录，请添加您自己的记录。",
        "ja": "DMARC レコードはレジストリ {domain} のものだけです。"
        "自分のレコードを追加してください。",
    },
    "dmarc_would_reject": {
        "en": "The DMARC policy is “{policy}”, and neither DKIM nor SPF of our mail passes for "
        "{domain} yet: receivers would refuse or hide it. Mend the other records first.",
        "zh": "DMARC 策略为“{policy}”，而我们的邮件目前对 {domain} 既未通过 DKIM 也未通过 SPF，"
        "收件方会拒收或放入垃圾箱。请先修正其他记录。",
        "ja": "DMARC ポリシーが「{policy}」ですが、{domain} では DKIM も SPF もまだ通りません。"
        "メールは拒否または隔離されます。先に他のレコードを直してください。",
    },
    "dkim_several": {
        "en": "{name} has {count} TXT records; receivers may take the wrong one. Keep one.",
        "zh": "{name} 有 {count} 条 TXT 记录，收件方可能取错。请只保留一条。",
        "ja": "{name} に TXT レコードが {count} 件あり、誤った方が使われる恐れがあります。"
        "一つだけ残してください。",
    },
    "dkim_other_key": {
        "en": "The record holds another key ({found}) than the one that signs this domain's mail.",
        "zh": "该记录中的密钥（{found}）与为该域名签名的密钥不同。",
        "ja": "このレコードの鍵（{found}）は、署名に使われる鍵と異なります。",
    },
    "dkim_revoked": {
        "en": "The record has an empty p=, which revokes the key.",
        "zh": "该记录的 p= 为空，表示密钥已被吊销。",
        "ja": "このレコードの p= は空で、鍵が失効しています。",
    },
    "dkim_syntax": {
        "en": "The record is no valid DKIM key ({fault}). Copy the expected value once more.",
        "zh": "该记录不是有效的 DKIM 密钥（{fault}）。请重新复制期望值。",
        "ja": "このレコードは有効な DKIM 鍵ではありません（{fault}）。"
        "期待される値をもう一度コピーしてください。",
    },
    "dkim_restricted": {
        "en": "The tag {tag}= of the record excludes our signatures. Copy the expected value once "
        "more.",
        "zh": "该记录的 {tag}= 标签排除了我们的签名。请重新复制期望值。",
        "ja": "このレコードの {tag}= が署名を除外しています。"
        "期待される値をもう一度コピーしてください。",
    },
    "dkim_testing": {
        "en": "The record says t=y (testing): receivers may ignore the signatures. Remove it.",
        "zh": "该记录含 t=y（测试），收件方可能忽略签名，请删除。",
        "ja": "このレコードは t=y（テスト中）です。"
        "署名が無視される恐れがあるため削除してください。",
    },
}
