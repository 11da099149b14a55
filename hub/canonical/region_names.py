"""ISO 3166-2 of the countries whose regions people write in addresses in several ways.

All names are recognised when reading (inside their country); the first one is written.  Countries that are missing here
keep the region as it was typed, which is always legal.
"""

from typing import Final

TABLE: Final = """\
DE-BB Brandenburg
DE-BE Berlin
DE-BW Baden-Württemberg
DE-BY Bayern|Bavaria
DE-HB Bremen
DE-HE Hessen|Hesse
DE-HH Hamburg
DE-MV Mecklenburg-Vorpommern|Mecklenburg-Western Pomerania
DE-NI Niedersachsen|Lower Saxony
DE-NW Nordrhein-Westfalen|North Rhine-Westphalia|NRW
DE-RP Rheinland-Pfalz|Rhineland-Palatinate
DE-SH Schleswig-Holstein
DE-SL Saarland
DE-SN Sachsen|Saxony
DE-ST Sachsen-Anhalt|Saxony-Anhalt
DE-TH Thüringen|Thuringia
AT-1 Burgenland
AT-2 Kärnten|Carinthia
AT-3 Niederösterreich|Lower Austria
AT-4 Oberösterreich|Upper Austria
AT-5 Salzburg
AT-6 Steiermark|Styria
AT-7 Tirol|Tyrol
AT-8 Vorarlberg
AT-9 Wien|Vienna
CH-AG Aargau
CH-AI Appenzell Innerrhoden
CH-AR Appenzell Ausserrhoden
CH-BE Berne|Bern
CH-BL Basel-Landschaft
CH-BS Basel-Stadt
CH-FR Fribourg|Freiburg
CH-GE Genève|Genf|Geneva
CH-GL Glarus
CH-GR Graubünden
CH-JU Jura
CH-LU Luzern|Lucerne
CH-NE Neuchâtel|Neuenburg
CH-NW Nidwalden
CH-OW Obwalden
CH-SG Sankt Gallen|St. Gallen|St Gallen
CH-SH Schaffhausen
CH-SO Solothurn
CH-SZ Schwyz
CH-TG Thurgau
CH-TI Ticino|Tessin
CH-UR Uri
CH-VD Vaud|Waadt
CH-VS Valais|Wallis
CH-ZG Zug
CH-ZH Zürich
US-AK Alaska|AK
US-AL Alabama|AL
US-AR Arkansas|AR
US-AS American Samoa|AS
US-AZ Arizona|AZ
US-CA California|CA
US-CO Colorado|CO
US-CT Connecticut|CT
US-DC District of Columbia|DC
US-DE Delaware|DE
US-FL Florida|FL
US-GA Georgia|GA
US-GU Guam|GU
US-HI Hawaii|HI
US-IA Iowa|IA
US-ID Idaho|ID
US-IL Illinois|IL
US-IN Indiana|IN
US-KS Kansas|KS
US-KY Kentucky|KY
US-LA Louisiana|LA
US-MA Massachusetts|MA
US-MD Maryland|MD
US-ME Maine|ME
US-MI Michigan|MI
US-MN Minnesota|MN
US-MO Missouri|MO
US-MP Northern Mariana Islands|MP
US-MS Mississippi|MS
US-MT Montana|MT
US-NC North Carolina|NC
US-ND North Dakota|ND
US-NE Nebraska|NE
US-NH New Hampshire|NH
US-NJ New Jersey|NJ
US-NM New Mexico|NM
US-NV Nevada|NV
US-NY New York|NY
US-OH Ohio|OH
US-OK Oklahoma|OK
US-OR Oregon|OR
US-PA Pennsylvania|PA
US-PR Puerto Rico|PR
US-RI Rhode Island|RI
US-SC South Carolina|SC
US-SD South Dakota|SD
US-TN Tennessee|TN
US-TX Texas|TX
US-UM United States Minor Outlying Islands|UM
US-UT Utah|UT
US-VA Virginia|VA
US-VI Virgin Islands, U.S.|VI
US-VT Vermont|VT
US-WA Washington|WA
US-WI Wisconsin|WI
US-WV West Virginia|WV
US-WY Wyoming|WY
CA-AB Alberta|AB
CA-BC British Columbia|BC
CA-MB Manitoba|MB
CA-NB New Brunswick|NB
CA-NL Newfoundland and Labrador|NL
CA-NS Nova Scotia|NS
CA-NT Northwest Territories|NT
CA-NU Nunavut|NU
CA-ON Ontario|ON
CA-PE Prince Edward Island|PE
CA-QC Quebec|QC
CA-SK Saskatchewan|SK
CA-YT Yukon|YT
AU-ACT Australian Capital Territory|ACT
AU-NSW New South Wales|NSW
AU-NT Northern Territory|NT
AU-QLD Queensland|QLD
AU-SA South Australia|SA
AU-TAS Tasmania|TAS
AU-VIC Victoria|VIC
AU-WA Western Australia|WA
CN-AH Anhui|安徽|安徽省
CN-BJ Beijing|北京|北京市
CN-CQ Chongqing|重庆|重庆市
CN-FJ Fujian|福建|福建省
CN-GD Guangdong|广东|广东省
CN-GS Gansu|甘肃|甘肃省
CN-GX Guangxi|广西|广西壮族自治区
CN-GZ Guizhou|贵州|贵州省
CN-HA Henan|河南|河南省
CN-HB Hubei|湖北|湖北省
CN-HE Hebei|河北|河北省
CN-HI Hainan|海南|海南省
CN-HL Heilongjiang|黑龙江|黑龙江省
CN-HN Hunan|湖南|湖南省
CN-JL Jilin|吉林|吉林省
CN-JS Jiangsu|江苏|江苏省
CN-JX Jiangxi|江西|江西省
CN-LN Liaoning|辽宁|辽宁省
CN-NM Inner Mongolia|Nei Mongol|内蒙古|内蒙古自治区
CN-NX Ningxia|宁夏|宁夏回族自治区
CN-QH Qinghai|青海|青海省
CN-SC Sichuan|四川|四川省
CN-SD Shandong|山东|山东省
CN-SH Shanghai|上海|上海市
CN-SN Shaanxi|陕西|陕西省
CN-SX Shanxi|山西|山西省
CN-TJ Tianjin|天津|天津市
CN-XJ Xinjiang|新疆|新疆维吾尔自治区
CN-XZ Tibet|Xizang|西藏|西藏自治区
CN-YN Yunnan|云南|云南省
CN-ZJ Zhejiang|浙江|浙江省
"""
