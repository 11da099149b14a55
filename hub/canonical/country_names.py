"""ISO 3166-1: alpha-2, alpha-3 and the names by which people write a country (the first one is the English name).

All names are recognised when reading; only the first is written.
"""

from typing import Final

TABLE: Final = """\
AD AND Andorra|安道尔
AE ARE United Arab Emirates|Vereinigte Arabische Emirate|阿联酋|UAE
AF AFG Afghanistan|阿富汗
AG ATG Antigua and Barbuda|Antigua und Barbuda|安提瓜和巴布达
AI AIA Anguilla|安圭拉
AL ALB Albania|Albanien|阿尔巴尼亚
AM ARM Armenia|Armenien|亚美尼亚
AO AGO Angola|安哥拉
AQ ATA Antarctica|Antarktis|南极洲
AR ARG Argentina|Argentinien|阿根廷
AS ASM American Samoa|Amerikanisch-Samoa|美属萨摩亚
AT AUT Austria|Österreich|奥地利
AU AUS Australia|Australien|澳大利亚
AW ABW Aruba|阿鲁巴
AX ALA Åland Islands|Åland-Inseln|奥兰群岛
AZ AZE Azerbaijan|Aserbaidschan|阿塞拜疆
BA BIH Bosnia and Herzegovina|Bosnien und Herzegowina|波斯尼亚和黑塞哥维那
BB BRB Barbados|巴巴多斯
BD BGD Bangladesh|Bangladesch|孟加拉
BE BEL Belgium|Belgien|比利时
BF BFA Burkina Faso|布基纳法索
BG BGR Bulgaria|Bulgarien|保加利亚
BH BHR Bahrain|巴林
BI BDI Burundi|布隆迪
BJ BEN Benin|贝宁
BL BLM Saint Barthélemy|Saint-Barthélemy|圣巴泰勒米岛
BM BMU Bermuda|百慕大
BN BRN Brunei|Brunei Darussalam|文莱
BO BOL Bolivia|Bolivia, Plurinational State of|Bolivien, Plurinationaler Staat|玻利维亚共和国|Bolivien
BQ BES Bonaire, Sint Eustatius and Saba|Bonaire, Sint Eustatius und Saba|博奈尔、圣尤斯特歇斯岛和萨巴
BR BRA Brazil|Brasilien|巴西
BS BHS Bahamas|巴哈马
BT BTN Bhutan|不丹
BV BVT Bouvet Island|Bouvet-Insel|布维群岛
BW BWA Botswana|Botsuana|博茨瓦纳
BY BLR Belarus|白俄罗斯
BZ BLZ Belize|伯利兹
CA CAN Canada|Kanada|加拿大
CC CCK Cocos (Keeling) Islands|Kokos-(Keeling-)Inseln|科科斯 (基林) 群岛
CD COD Democratic Republic of the Congo|Demokratische Republik Kongo|刚果民主共和国
CF CAF Central African Republic|Zentralafrikanische Republik|中非共和国
CG COG Congo|Kongo|刚果
CH CHE Switzerland|Schweiz|瑞士
CI CIV Côte d'Ivoire|科特迪瓦|Ivory Coast
CK COK Cook Islands|Cookinseln|库克群岛
CL CHL Chile|智利
CM CMR Cameroon|Kamerun|喀麦隆
CN CHN China|中国|People's Republic of China|VR China|PRC
CO COL Colombia|Kolumbien|哥伦比亚
CR CRI Costa Rica|哥斯达黎加
CU CUB Cuba|Kuba|古巴
CV CPV Cabo Verde|Kap Verde|佛得角
CW CUW Curaçao|库拉索
CX CXR Christmas Island|Weihnachtsinseln|圣诞岛
CY CYP Cyprus|Zypern|塞浦路斯
CZ CZE Czechia|Tschechien|捷克|Czech Republic
DE DEU Germany|Deutschland|德国
DJ DJI Djibouti|Dschibuti|吉布提
DK DNK Denmark|Dänemark|丹麦
DM DMA Dominica|多米尼克
DO DOM Dominican Republic|Dominikanische Republik|多米尼加共和国
DZ DZA Algeria|Algerien|阿尔及利亚
EC ECU Ecuador|厄瓜多尔
EE EST Estonia|Estland|爱沙尼亚
EG EGY Egypt|Ägypten|埃及
EH ESH Western Sahara|Westsahara|西撒哈拉
ER ERI Eritrea|厄立特里亚
ES ESP Spain|Spanien|西班牙
ET ETH Ethiopia|Äthiopien|埃塞俄比亚
FI FIN Finland|Finnland|芬兰
FJ FJI Fiji|Fidschi|斐济
FK FLK Falkland Islands|Falkland Islands (Malvinas)|Falklandinseln (Malwinen)|福克兰群岛 (马尔维纳斯)
FM FSM Micronesia|Micronesia, Federated States of|Mikronesien, Föderierte Staaten von|密克罗尼西亚
FO FRO Faroe Islands|Färöer-Inseln|法罗群岛
FR FRA France|Frankreich|法国
GA GAB Gabon|Gabun|加蓬
GB GBR United Kingdom|Vereinigtes Königreich|英国|UK|Great Britain|England|Scotland|Wales|Großbritannien|Grossbritannien
GD GRD Grenada|格林纳达
GE GEO Georgia|Georgien|格鲁吉亚
GF GUF French Guiana|Französisch-Guyana|法属圭亚那
GG GGY Guernsey|根西岛
GH GHA Ghana|加纳
GI GIB Gibraltar|直布罗陀
GL GRL Greenland|Grönland|格陵兰
GM GMB Gambia|冈比亚
GN GIN Guinea|几内亚
GP GLP Guadeloupe|瓜德罗普
GQ GNQ Equatorial Guinea|Äquatorialguinea|赤道几内亚
GR GRC Greece|Griechenland|希腊
GS SGS South Georgia and the South Sandwich Islands|Südgeorgien|南乔治亚和南桑德韦奇群岛
GT GTM Guatemala|瓜地马拉
GU GUM Guam|关岛
GW GNB Guinea-Bissau|几内亚比绍
GY GUY Guyana|圭亚那
HK HKG Hong Kong|Hongkong|香港
HM HMD Heard Island and McDonald Islands|Heard und McDonaldinseln|赫德岛与麦克唐纳群岛
HN HND Honduras|洪都拉斯
HR HRV Croatia|Kroatien|克罗地亚
HT HTI Haiti|海地
HU HUN Hungary|Ungarn|匈牙利
ID IDN Indonesia|Indonesien|印度尼西亚
IE IRL Ireland|Irland|爱尔兰
IL ISR Israel|以色列
IM IMN Isle of Man|Insel Man|曼岛
IN IND India|Indien|印度
IO IOT British Indian Ocean Territory|Britisches Territorium im Indischen Ozean|英属印度洋领地
IQ IRQ Iraq|Irak|伊拉克
IR IRN Iran|Iran, Islamic Republic of|Iran, Islamische Republik|伊朗伊斯兰共和国
IS ISL Iceland|Island|冰岛
IT ITA Italy|Italien|意大利
JE JEY Jersey|泽西岛
JM JAM Jamaica|Jamaika|牙买加
JO JOR Jordan|Jordanien|约旦
JP JPN Japan|日本
KE KEN Kenya|Kenia|肯尼亚
KG KGZ Kyrgyzstan|Kirgisistan|吉尔吉斯坦
KH KHM Cambodia|Kambodscha|柬埔塞
KI KIR Kiribati|基里巴斯
KM COM Comoros|Komoren|科摩罗
KN KNA Saint Kitts and Nevis|St. Kitts und Nevis|圣基茨和尼维斯
KP PRK North Korea|朝鲜民主主义人民共和国|Nordkorea
KR KOR South Korea|Korea, Republic of|Korea, Republik|大韩民国|Südkorea|Korea|Republic of Korea
KW KWT Kuwait|科威特
KY CYM Cayman Islands|Cayman-Inseln|开曼群岛
KZ KAZ Kazakhstan|Kasachstan|哈萨克斯坦
LA LAO Laos|Lao People's Democratic Republic|Laos, Demokratische Volksrepublik|老挝人民民主共和国
LB LBN Lebanon|Libanon|黎巴嫩
LC LCA Saint Lucia|St. Lucia|圣卢西亚
LI LIE Liechtenstein|列支敦士登
LK LKA Sri Lanka|斯里兰卡
LR LBR Liberia|利比里亚
LS LSO Lesotho|莱索托
LT LTU Lithuania|Litauen|立陶宛
LU LUX Luxembourg|Luxemburg|卢森堡
LV LVA Latvia|Lettland|拉脱维亚
LY LBY Libya|Libyen|利比亚
MA MAR Morocco|Marokko|摩洛哥
MC MCO Monaco|摩纳哥
MD MDA Moldova|Moldova, Republic of|Moldau, Republik|摩尔多瓦共和国|Moldau
ME MNE Montenegro|黑山
MF MAF Saint Martin|Saint Martin (French part)|Saint Martin (Französischer Teil)|法属圣马丁
MG MDG Madagascar|Madagaskar|马达加斯加
MH MHL Marshall Islands|Marshallinseln|马绍尔群岛
MK MKD North Macedonia|Nordmazedonien|北马其顿|Macedonia
ML MLI Mali|马里
MM MMR Myanmar|缅甸
MN MNG Mongolia|Mongolei|蒙古
MO MAC Macao|澳门
MP MNP Northern Mariana Islands|Nördliche Marianen|北马里亚纳群岛
MQ MTQ Martinique|马提尼克
MR MRT Mauritania|Mauretanien|毛里塔尼亚
MS MSR Montserrat|蒙特塞拉特
MT MLT Malta|马尔他
MU MUS Mauritius|毛里求斯
MV MDV Maldives|Malediven|马尔代夫
MW MWI Malawi|马拉维
MX MEX Mexico|Mexiko|墨西哥
MY MYS Malaysia|马来西亚
MZ MOZ Mozambique|Mosambik|莫桑比克
NA NAM Namibia|纳米比亚
NC NCL New Caledonia|Neukaledonien|新喀里多尼亚
NE NER Niger|尼日尔
NF NFK Norfolk Island|Norfolkinsel|诺福克岛
NG NGA Nigeria|尼日利亚
NI NIC Nicaragua|尼加拉瓜
NL NLD Netherlands|Niederlande|荷兰|Holland|The Netherlands
NO NOR Norway|Norwegen|挪威
NP NPL Nepal|尼泊尔
NR NRU Nauru|瑙鲁
NU NIU Niue|纽埃
NZ NZL New Zealand|Neuseeland|新西兰
OM OMN Oman|阿曼
PA PAN Panama|巴拿马
PE PER Peru|秘鲁
PF PYF French Polynesia|Französisch-Polynesien|法属玻利尼西亚
PG PNG Papua New Guinea|Papua-Neuguinea|巴布亚新几内亚
PH PHL Philippines|Philippinen|菲律宾
PK PAK Pakistan|巴基斯坦
PL POL Poland|Polen|波兰
PM SPM Saint Pierre and Miquelon|St. Pierre und Miquelon|圣皮埃尔和密克隆
PN PCN Pitcairn|皮特凯恩
PR PRI Puerto Rico|波多黎各
PS PSE Palestine|Palestine, State of|Palästina, Staat|巴勒斯坦
PT PRT Portugal|葡萄牙
PW PLW Palau|帕劳
PY PRY Paraguay|巴拉圭
QA QAT Qatar|Katar|卡塔尔
RE REU Réunion|留尼汪
RO ROU Romania|Rumänien|罗马尼亚
RS SRB Serbia|Serbien|塞尔维亚
RU RUS Russia|Russian Federation|Russische Föderation|俄罗斯
RW RWA Rwanda|Ruanda|卢旺达
SA SAU Saudi Arabia|Saudi-Arabien|沙特阿拉伯
SB SLB Solomon Islands|Salomoninseln|所罗门群岛
SC SYC Seychelles|Seychellen|塞舌尔
SD SDN Sudan|苏丹
SE SWE Sweden|Schweden|瑞典
SG SGP Singapore|Singapur|新加坡
SH SHN Saint Helena, Ascension and Tristan da Cunha|St. Helena|圣赫勒拿-阿森松-特里斯坦-达库尼亚
SI SVN Slovenia|Slowenien|斯洛文尼亚
SJ SJM Svalbard and Jan Mayen|Svalbard und Jan Mayen|斯瓦尔巴和扬马延
SK SVK Slovakia|Slowakei|斯洛伐克
SL SLE Sierra Leone|塞拉利昂
SM SMR San Marino|圣马力诺
SN SEN Senegal|塞内加尔
SO SOM Somalia|索马里
SR SUR Suriname|苏里南
SS SSD South Sudan|Südsudan|南苏丹
ST STP Sao Tome and Principe|São Tomé und Príncipe|圣多美和普林西比
SV SLV El Salvador|萨尔瓦多
SX SXM Sint Maarten|Sint Maarten (Dutch part)|Saint-Martin (Niederländischer Teil)|荷属圣马丁
SY SYR Syria|Syrian Arab Republic|Syrien, Arabische Republik|阿拉伯叙利亚共和国|Syrien
SZ SWZ Eswatini|斯威士兰
TC TCA Turks and Caicos Islands|Turks- und Caicosinseln|特克斯和凯科斯群岛
TD TCD Chad|Tschad|乍得
TF ATF French Southern Territories|Französische Süd- und Antarktisgebiete|法属南半球领地
TG TGO Togo|多哥
TH THA Thailand|泰国
TJ TJK Tajikistan|Tadschikistan|塔吉克斯坦
TK TKL Tokelau|托克劳
TL TLS Timor-Leste|东帝汶
TM TKM Turkmenistan|土库曼斯坦
TN TUN Tunisia|Tunesien|突尼斯
TO TON Tonga|汤加
TR TUR Turkey|Türkiye|Türkei|土耳其|Turkiye
TT TTO Trinidad and Tobago|Trinidad und Tobago|特里尼达和多巴哥
TV TUV Tuvalu|图瓦卢
TW TWN Taiwan|Taiwan, Province of China|Taiwan, Chinesische Provinz|中国台湾省|Taiwan, China
TZ TZA Tanzania|Tanzania, United Republic of|Tansania, Vereinigte Republik|坦桑尼亚|Tansania
UA UKR Ukraine|乌克兰
UG UGA Uganda|乌干达
UM UMI United States Minor Outlying Islands|美国本土外小岛屿
US USA United States|Vereinigte Staaten|美国|USA|United States of America
UY URY Uruguay|乌拉圭
UZ UZB Uzbekistan|Usbekistan|乌兹别克斯坦
VA VAT Vatican City|Holy See (Vatican City State)|Heiliger Stuhl (Staat Vatikanstadt)|梵蒂冈|Holy See
VC VCT Saint Vincent and the Grenadines|St. Vincent und die Grenadinen|圣文森特和格林纳丁斯
VE VEN Venezuela|Venezuela, Bolivarian Republic of|Venezuela, Bolivarische Republik|委内瑞拉玻利瓦尔共和国
VG VGB British Virgin Islands|Virgin Islands, British|Britische Jungferninseln|英属维尔京群岛
VI VIR U.S. Virgin Islands|Virgin Islands, U.S.|Amerikanische Jungferninseln|美属维尔京群岛
VN VNM Vietnam|Viet Nam|越南
VU VUT Vanuatu|瓦努阿图
WF WLF Wallis and Futuna|Wallis und Futuna|瓦利斯和富图纳
WS WSM Samoa|萨摩亚
YE YEM Yemen|Jemen|也门
YT MYT Mayotte|马约特
ZA ZAF South Africa|Südafrika|南非
ZM ZMB Zambia|Sambia|赞比亚
ZW ZWE Zimbabwe|Simbabwe|津巴布韦
"""
